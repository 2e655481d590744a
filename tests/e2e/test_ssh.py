"""An agent on another machine: its client starts `ssh HOST podium serve`, by a real sshd on loopback."""

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from mcp import Client, MCPError, StdioServerParameters

from podium.cli.commands.install.entry import remote_command
from podium_tools import ALL_TOOLS
from tests.support.agent import BOTH_ERAS, SECONDS, Agent
from tests.support.podium_home import Conductor, until
from tests.support.ssh_host import SshHost, missing, ssh_host

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(bool(missing()), reason=missing())]

GATED = "name: gated\nsheets:\n  - name: gate\n    run: echo waiting; until [ -e go ]; do sleep 0.1; done\n"


@pytest.fixture
def host(short_tmp: Path, conductor: Conductor) -> Iterator[SshHost]:
    """A host with a conductor, which ssh reaches."""
    with ssh_host(short_tmp, conductor.settings) as running:
        yield running


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_connection_that_drops_in_a_wait_touches_no_job_and_the_next_one_finds_it(
    host: SshHost, short_tmp: Path, mode: str
) -> None:
    pid = short_tmp / "ssh.pid"
    command, *args = host.over(remote_command("cluster", None, None), pid)
    server = StdioServerParameters(command=command, args=args)

    async def drop(progress: float, total: float | None, message: str | None) -> None:
        os.kill(int(pid.read_text()), signal.SIGKILL)

    with anyio.fail_after(SECONDS):
        async with Client(server, mode=mode) as client:
            user = Agent(client)
            assert len((await client.list_tools()).tools) == len(ALL_TOOLS)
            job = await user.call("start_job", config_content=GATED)
            await user.running(job["job_id"])
            with pytest.raises(MCPError):
                await user.reported("wait_for_job", drop, job_ids=[job["job_id"]])
        await anyio.to_thread.run_sync(until, host.has_ended)
        async with Client(server, mode=mode) as client:
            user = Agent(client)
            assert (await user.call("get_job", job_id=job["job_id"]))["status"] == "running"
            await anyio.Path(job["workspace"], "go").touch()
            assert (await user.settled(job["job_id"]))["status"] == "completed"


def test_a_home_of_the_other_machine_is_handed_on_word_for_word(
    host: SshHost, conductor: Conductor, short_tmp: Path
) -> None:
    home = short_tmp / "a home's $(touch no)"
    home.symlink_to(conductor.settings.home)
    command = host.over(remote_command("cluster", home, None), short_tmp / "pid")
    done = subprocess.run(
        [*command[: command.index("serve")], "status", *command[command.index("serve") + 1 :]],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, f"pid {conductor.pid}" in done.stdout) == (0, True), shlex.join(command) + done.stderr
