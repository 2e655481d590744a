"""`task.state`: the end of a task is kept once, and over a crash."""

import json

import pytest

from tests.support.podium_home import Conductor, ask

KEY = "0123456789abcdef"
CANCELLED = {"status": "cancelled", "at": 1.5}
COMPLETED = {"status": "completed", "at": 2.5, "result": {"content": []}}


def test_a_task_has_no_end_until_it_is_told_one_and_the_first_stays(revived_conductor: Conductor) -> None:
    socket = revived_conductor.settings.socket
    assert ask(socket, "task.state", {"key": KEY}) == {"end": None}
    assert ask(socket, "task.state", {"key": KEY, "end": CANCELLED}) == {"end": CANCELLED}
    assert ask(socket, "task.state", {"key": KEY, "end": COMPLETED}) == {"end": CANCELLED}
    assert ask(socket, "task.state", {"key": KEY[::-1]}) == {"end": None}
    revived_conductor.kill()
    revived_conductor.start()
    assert ask(socket, "task.state", {"key": KEY}) == {"end": CANCELLED}


@pytest.mark.parametrize("params", [{}, {"key": "short"}, {"key": "x" * 65}, {"key": KEY, "end": "cancelled"}])
def test_wrong_parameters_are_refused(shared_conductor: Conductor, params: dict[str, object]) -> None:
    with pytest.raises(RuntimeError) as caught:
        ask(shared_conductor.settings.socket, "task.state", params)
    assert json.loads(str(caught.value))["code"] == -32602


def test_the_conductor_says_that_it_keeps_tasks(shared_conductor: Conductor) -> None:
    assert "tasks" in ask(shared_conductor.settings.socket, "daemon.status")["features"]
