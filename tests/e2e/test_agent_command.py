"""One shell command is a job: bash gets it as it was given, strictly, and the job is like every other."""

from pathlib import Path

import anyio
import pytest

from tests.support.agent import BOTH_ERAS, Agent

pytestmark = pytest.mark.anyio

HOSTILE = """  cat > got <<'END'
{{ no template }} {% raw %} {%- endraw %} ${#x} {# no comment
--- # no document: [x, 'y', "z" \\ ] ` $(false) é 😀\tend\r
END
printf '%s' '{% endraw %}' "${PODIUM_SHEET}" > more
"""


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_command_of_several_lines_reaches_bash_as_it_was_given(user: Agent, tmp_path: Path, mode: str) -> None:
    started = await user.call("start_job", command=HOSTILE, workspace=str(tmp_path))
    assert started["sheets_total"] == 1
    ended = await user.settled(started["job_id"])
    assert ended["status"] == "completed", ended
    lines = HOSTILE.split("\n")
    assert await anyio.Path(tmp_path, "got").read_bytes() == "\n".join([*lines[1:3], ""]).encode()
    assert await anyio.Path(tmp_path, "more").read_text() == "{% endraw %}cat"


async def test_a_job_of_a_command_is_called_after_it_and_has_a_workspace_of_its_own(user: Agent) -> None:
    started = await user.call("start_job", command="echo hello > out.txt")
    assert started["job_id"].startswith("echo-hello-")
    assert Path(started["workspace"]).name == started["job_id"]
    await user.settled(started["job_id"])
    found = await user.call("read_artifact", job_id=started["job_id"], path="out.txt")
    assert found["job_output"] == "hello\n"


async def test_a_command_ends_at_its_first_failure(user: Agent) -> None:
    started = await user.call("start_job", command="false | true\necho later > later")
    ended = await user.settled(started["job_id"])
    assert ended["status"] == "failed"
    assert not await anyio.Path(started["workspace"], "later").exists()


async def test_a_first_line_that_names_a_program_is_honoured(user: Agent) -> None:
    started = await user.call("start_job", command="#!/usr/bin/env python3\nprint(f'{6*7}', {1: {2}}, '{{ x }}')\n")
    await user.settled(started["job_id"])
    log = await user.call("read_job_log", job_id=started["job_id"])
    assert "42 {1: {2}} {{ x }}" in str(log["job_output"])


async def test_a_key_and_a_dry_run_work_for_a_command_too(user: Agent) -> None:
    tried = await user.call("start_job", command="true", dry_run=True)
    assert (tried["status"], tried["next"]) == ("not_started", 'start_job(command="true")')
    first = await user.call("start_job", command="true", idempotency_key="a command")
    again = await user.call("start_job", command="true", idempotency_key="a command")
    assert (again["job_id"], again["replayed"]) == (first["job_id"], True)
    refused = await user.refused("start_job", command="false", idempotency_key="a command")
    assert refused["code"] == "IDEMPOTENCY_CONFLICT"


async def test_what_a_command_cannot_be_is_refused(user: Agent) -> None:
    for given, said in (
        ({"command": "a\0b"}, "NUL"),
        ({"command": "true", "variables": ["a=b"]}, "variables are for"),
        ({"command": "true", "config_content": "name: x"}, "config_content and command were given"),
        ({"command": " \n"}, "Neither config_path, config_content nor command"),
    ):
        error = await user.refused("start_job", **given)
        assert error["code"] == "INVALID_ARGUMENTS"
        assert said in error["message"]
