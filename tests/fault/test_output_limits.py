"""Output limits: a log keeps its beginning and its end, the disk does not fill, and what cannot be kept within is ended."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from anyio.to_thread import run_sync

from podium.conductor.engines.local.limits import holes
from podium.conductor.engines.local.limits.output import HEAD_BYTES, OutputLimits
from tests.support.engines import (
    Gate,
    Holder,
    make_spec,
    next_end,
    on_a_disk_of_its_own,
    open_engine,
    run_attempt,
)
from tests.support.jobs import sheets_of, submit, until
from tests.support.outputs import LogLimits, LogQuery, LogTarget, read_log
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.podium_home import until as eventually

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024
LIMIT = 512 * 1024
SMALL = OutputLimits(stream_bytes=LIMIT, job_bytes=64 * MIB)
PATIENT = LogLimits(scan_seconds=100.0)
# Numbered lines of 16 bytes: a part of a log shows where in the whole it belongs.
SCORE = "name: much\nsheets: [{name: talk, run: 'yes 0123456789 | head -n 400000; echo the end'}]"
NUMBERED = "lines() { seq -f '%015.0f' $1 $2; }\n"


@pytest.fixture(autouse=True)
def _a_file_system_with_holes(tmp_path: Path) -> None:
    """Skip where the tests' own disk cannot give back the middle of a file; the tests on other disks bring theirs."""
    probe = tmp_path / "probe"
    probe.write_bytes(b"x" * 3 * holes.BLOCK)
    with probe.open("r+b") as file:
        if not holes.punch(file.fileno(), holes.BLOCK, 2 * holes.BLOCK):
            pytest.skip("the file system of the temporary folder cannot punch holes")


def held(*logs: Path) -> int:
    """Return the bytes that these files hold of the disk."""
    return sum(log.stat().st_blocks for log in logs) * 512


async def until_held_at_most(limit: int, *logs: Path) -> None:
    """Wait until logs hold no more than so much: the engine looks at them on its own."""
    await run_sync(eventually, lambda: held(*logs) <= limit)


# -- one stream -------------------------------------------------------------------------------------------------------


async def test_a_log_beyond_its_limit_keeps_its_beginning_and_its_end(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, NUMBERED + "lines 1 400000; lines 1 400000 >&2; exit 3")
    end = await run_attempt(spec, SMALL)
    assert (end.reason, end.exit_code) == ("exited", 3)
    for name in ("stdout.log", "stderr.log"):
        log = spec.folder / name
        data = log.read_bytes()
        assert len(data) == 400_000 * 16
        assert LIMIT // 2 <= held(log) <= LIMIT
        assert data[:HEAD_BYTES].splitlines() == [b"%015d" % number for number in range(1, HEAD_BYTES // 16 + 1)]
        assert data.endswith(b"%015d\n" % 400_000)


async def test_the_log_of_a_running_attempt_is_kept_within_its_limit(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said, Gate(tmp_path / "hold") as hold:
        spec = make_spec(tmp_path, NUMBERED + "lines 1 400000; echo x >said; read -r x <hold; lines 400001 400002")
        log = spec.folder / "stdout.log"
        async with open_engine(SMALL) as engine:
            await engine.submit(spec)
            await said.line()
            await until_held_at_most(LIMIT, log)
            hold.open()
            assert (await next_end(engine)).exit_code == 0
    assert log.read_bytes().endswith(b"%015d\n%015d\n" % (400_001, 400_002))


async def test_a_cut_log_is_read_from_both_ends_and_searched(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, NUMBERED + "lines 1 400000")
    await run_attempt(spec, SMALL)
    target = LogTarget(spec.folder / "stdout.log", "job", 1, 1, "stdout")
    tail = read_log(target, LogQuery(mode="tail", max_lines=2)).lines
    assert [line.text for line in tail] == ["000000000399999", "000000000400000"]
    head = read_log(target, LogQuery(mode="head", max_lines=2)).lines
    assert [line.text for line in head] == ["000000000000001", "000000000000002"]
    found = read_log(target, LogQuery(mode="search", pattern="^000000000399990$", max_lines=1), PATIENT).lines
    assert [line.text for line in found] == ["000000000399990"]


async def test_an_attempt_that_is_taken_over_is_kept_within_its_limit(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said, Gate(tmp_path / "go") as go:
        spec = make_spec(
            tmp_path, NUMBERED + "echo x >said; read -r x <go; lines 1 400000; echo x >said; read -r x <go"
        )
        log = spec.folder / "stdout.log"
        Holder(spec).kill()
        await said.line()
        async with open_engine(SMALL, keepers=tmp_path / "keepers") as engine:
            await engine.reattach(spec)
            go.open()
            await said.line()
            await until_held_at_most(LIMIT, log)
            go.open()
            assert (await next_end(engine)).exit_code == 0


async def test_a_sheet_that_writes_more_than_the_disk_holds_does_not_fill_it(short_tmp: Path) -> None:
    # The next part comes when the middle of the last has been given back, however long that takes on a busy machine; where it
    # never is, the fourth part finds the disk full.
    given_back = "for j in {1..300}; do (($(stat -c %b job/1/stdout.log) * 512 > 4 << 20)) || break; sleep 0.02; done"
    script = f"for i in {{1..5}}; do head -c 50M /dev/zero || exit; {given_back}; done"
    end = await run_sync(on_a_disk_of_its_own, "tests.support.small_disk", short_tmp, "tmpfs", "200m", MIB, script)
    if end is None:
        pytest.skip("no mount namespaces here")
    assert (end["reason"], end["exit_code"], end["size"]) == ("exited", 0, 250 * MIB)
    assert end["held"] <= MIB


async def test_where_the_middle_cannot_be_given_back_the_attempt_ends_for_its_own_reason(short_tmp: Path) -> None:
    # ramfs has no fallocate.
    script = "trap '' TERM; echo begin; head -c 3M /dev/zero; sleep 1000"
    end = await run_sync(on_a_disk_of_its_own, "tests.support.small_disk", short_tmp, "ramfs", "", MIB, script)
    if end is None:
        pytest.skip("no mount namespaces here")
    assert (end["reason"], end["signal"], end["processes_ended"]) == ("output_limit", 9, 1)
    assert end["detail"] == f"a stream exceeds {MIB} bytes"
    assert end["size"] == MIB


# -- all attempts of a job --------------------------------------------------------------------------------------------


async def test_the_logs_of_a_job_are_kept_within_one_limit_together(tmp_path: Path) -> None:
    limits = OutputLimits(stream_bytes=MIB, job_bytes=2 * MIB)
    job = tmp_path / "job"
    with Gate(tmp_path / "said") as said, Gate(tmp_path / "hold") as hold:
        ended = [make_spec(tmp_path, "head -c 900K /dev/zero", folder=job / str(number)) for number in range(4)]
        last = make_spec(tmp_path, "head -c 900K /dev/zero; echo x >said; read -r x <hold", folder=job / "last")
        logs = [spec.folder / "stdout.log" for spec in (*ended, last)]
        async with open_engine(limits) as engine:
            for spec in ended:
                await engine.submit(spec)
            assert [(await next_end(engine)).exit_code for _ in ended] == [0] * 4
            await engine.submit(last)
            await said.line()
            await until_held_at_most(2 * MIB, *logs)
            hold.open()
            assert (await next_end(engine)).exit_code == 0
    assert all(held(log) >= 2 * HEAD_BYTES for log in logs)
    assert [log.stat().st_size for log in logs] == [900 * 1024] * 5


async def test_a_job_whose_logs_are_as_short_as_can_be_and_still_too_much_ends(tmp_path: Path) -> None:
    limits = OutputLimits(stream_bytes=MIB, job_bytes=MIB)
    specs = [
        make_spec(tmp_path, "head -c 128K /dev/zero", folder=tmp_path / "job" / str(number)) for number in range(9)
    ]
    other = make_spec(tmp_path, "read -r x <hold", folder=tmp_path / "other" / "1")
    last = make_spec(tmp_path, "sleep 1000", folder=tmp_path / "job" / "last")
    with Gate(tmp_path / "hold") as hold:
        async with open_engine(limits) as engine:
            for spec in specs:
                await engine.submit(spec)
                assert (await next_end(engine)).exit_code == 0
            await engine.submit(other)
            await engine.submit(last)
            end = await next_end(engine)
            assert (end.key, end.reason) == (last.key, "output_limit")
            assert end.detail == f"the job's output exceeds {MIB} bytes"
            hold.open()
            end = await next_end(engine)
    assert (end.key, end.reason) == (other.key, "exited")


# -- the whole --------------------------------------------------------------------------------------------------------


def test_a_conductor_keeps_to_its_limits_and_tells_them_in_advance(short_tmp: Path) -> None:
    settings = make_home(short_tmp, max_log_bytes=LIMIT, max_job_log_bytes=4 * MIB, retention_days=7)
    conductor = Conductor(settings).start()
    try:
        limits: dict[str, Any] = ask(settings.socket, "daemon.status")["limits"]
        config = ask(settings.socket, "daemon.config")
        for name, value in {"max_log_bytes": LIMIT, "max_job_log_bytes": 4 * MIB, "retention_days": 7}.items():
            assert (limits[name], config[name]) == (value, value)
        job_id = submit(conductor, SCORE)
        assert until(conductor, job_id, "completed", "failed")["status"] == "completed"
        assert sheets_of(conductor, job_id)["talk"]["exit_code"] == 0
        log = ask(settings.socket, "job.log", {"job_id": job_id, "max_lines": 1})
        assert [line["text"] for line in log["lines"]] == ["the end"]
        assert log["total_bytes"] == 400_000 * 11 + 8
    finally:
        conductor.end()


def test_the_default_limits_are_those_of_the_settings(short_tmp: Path) -> None:
    settings = make_home(short_tmp)
    assert list(asdict(OutputLimits()).values()) == [settings.max_log_bytes, settings.max_job_log_bytes]
