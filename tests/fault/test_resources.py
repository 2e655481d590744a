"""Sheets that ask for a part of the machine, under a real conductor that is killed meanwhile."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from podium.conductor.processes import machine
from podium.score.model.plan import Plan, Resources, Validation
from podium.settings import Settings
from tests.support.hall import asking
from tests.support.jobs import check_history, sheets_of, until, wait_for_file
from tests.support.planned import put_into
from tests.support.podium_home import Conductor, ask
from tests.support.podium_home import until as wait_until

GIVEN = '"$CUDA_VISIBLE_DEVICES $HIP_VISIBLE_DEVICES $CUDA_DEVICE_ORDER"'
WAITING = f"""echo {GIVEN} >has-$PODIUM_SHEET.tmp; mv has-$PODIUM_SHEET.tmp has-$PODIUM_SHEET
while [ ! -e go-$PODIUM_SHEET ]; do sleep 0.1; done
"""


@pytest.fixture
def stopped(home: Settings) -> Iterator[Conductor]:
    """A conductor that a test starts itself, perhaps several times."""
    running = Conductor(home)
    yield running
    running.end()


def waiting(*asked: Resources) -> Plan:
    """Return a plan whose sheets say what they have, and end when they are told to."""
    return asking(*asked).model_copy(update={"templates": (WAITING,)})


def running(conductor: Conductor, job_id: str) -> list[str]:
    """Return the sheets that run."""
    labels: list[str] = ask(conductor.settings.socket, "job.status", {"job_id": job_id, "sheets": False})["podium"][
        "running"
    ]
    return labels


def test_sheets_that_ask_for_more_than_half_of_the_processors_run_one_at_a_time(
    stopped: Conductor, tmp_path: Path
) -> None:
    there_are = machine.find().cpus
    asked = there_are // 2 + 1
    [job_id] = put_into(stopped.settings.home, tmp_path, waiting(*[Resources(cpus=asked)] * 4))
    stopped.start()
    for num in range(1, 5):
        wait_for_file(tmp_path / f"has-s{num}")
        assert running(stopped, job_id) == [f"s{num}"]
        sheets = sheets_of(stopped, job_id)
        for later in range(num + 1, 5):
            why = sheets[f"s{later}"]["reason"]
            assert why.startswith(f"waits for {asked} CPU")
            assert why.endswith(
                f"of {there_are} {'is' if there_are - asked == 1 else 'are'} free, sheet s{num} of {job_id} has {asked}"
            )
        if num < 4:
            cause = ask(stopped.settings.socket, "job.explain", {"job_id": job_id})["cause"]
            assert f"Sheet s{num + 1} waits for {asked} CPU" in cause
            assert ask(stopped.settings.socket, "daemon.status")["resources"].startswith(f"{asked} of {there_are} CPU")
        (tmp_path / f"go-s{num}").touch()
    until(stopped, job_id, "completed")
    status = ask(stopped.settings.socket, "daemon.status")
    assert (status["resources"], status["limits"]["cpus"]) == ("", there_are)
    check_history(stopped, job_id)


def test_no_gpu_is_given_to_two_sheets_though_the_conductor_is_killed_and_has_more_of_them_then(
    stopped: Conductor, tmp_path: Path
) -> None:
    plan = waiting(*[Resources(gpus=1)] * 4)
    check = Validation(type="command_succeeds", command=f'[ {GIVEN} = "$(cat has-$PODIUM_SHEET)" ]')
    sheets = tuple(replace(sheet, validations=(0,)) for sheet in plan.sheets)
    own = {"CUDA_VISIBLE_DEVICES": "7", "HIP_VISIBLE_DEVICES": "0"}
    plan = plan.model_copy(update={"validations": (check,), "sheets": sheets, "env": own})
    [job_id] = put_into(stopped.settings.home, tmp_path, plan)

    def gpu(num: int) -> str:
        wait_for_file(tmp_path / f"has-s{num}")
        first, second, order = (tmp_path / f"has-s{num}").read_text().split()
        assert (first, order) == (second, "PCI_BUS_ID")
        return first

    stopped.start(PODIUM_GPUS="2")
    assert [gpu(1), gpu(2)] == ["0", "1"]
    stopped.kill()
    stopped.start(PODIUM_GPUS="3")
    assert gpu(3) == "2"
    assert running(stopped, job_id) == ["s1", "s2", "s3"]
    assert sheets_of(stopped, job_id)["s4"]["reason"] == "waits for 1 GPU: 0 of 3 are free"
    shown = {
        each["name"]: each
        for each in ask(stopped.settings.socket, "job.env", {"job_id": job_id, "sheet": 4})["variables"]
    }
    visible = shown["CUDA_VISIBLE_DEVICES"]
    assert (visible["known_later"], visible["replaces"]) == (True, "score")
    assert shown["CUDA_DEVICE_ORDER"]["value"] == "PCI_BUS_ID"
    stopped.kill()
    (tmp_path / "go-s2").touch()
    stopped.start(PODIUM_GPUS="2")
    assert gpu(4) == "1"
    for num in (1, 3, 4):
        (tmp_path / f"go-s{num}").touch()
    view = until(stopped, job_id, "completed", "failed")
    assert view["status"] == "completed", view
    note = "its own CUDA_VISIBLE_DEVICES and HIP_VISIBLE_DEVICES did not count: Podium gave it GPU 2"
    assert f"sheet s3: {note}." in view["warnings"]
    check_history(stopped, job_id)


def test_a_cancelled_job_gives_its_gpus_back_only_when_its_sheets_have_ended(
    stopped: Conductor, tmp_path: Path
) -> None:
    slow = asking(Resources(gpus=2)).model_copy(
        update={"templates": ("trap 'touch asked' TERM\n" + WAITING,), "name": "a"}
    )
    first, second = put_into(stopped.settings.home, tmp_path, slow, waiting(Resources(), Resources(gpus=1)))
    stopped.start(PODIUM_GPUS="2", PODIUM_GRACE_SECONDS="600")
    wait_for_file(tmp_path / "has-s1")
    wait_until(lambda: running(stopped, second) == ["s1"])
    ask(stopped.settings.socket, "job.cancel", {"job_id": first})
    wait_for_file(tmp_path / "asked")
    assert running(stopped, second) == ["s1"]
    why = f"waits for 1 GPU: 0 of 2 are free, sheet s1 of {first} has 2"
    assert sheets_of(stopped, second)["s2"]["reason"] == why
    (tmp_path / "go-s1").touch()
    wait_for_file(tmp_path / "has-s2")
    assert (tmp_path / "has-s2").read_text().split()[0] == "0"
    (tmp_path / "go-s2").touch()
    until(stopped, second, "completed")
