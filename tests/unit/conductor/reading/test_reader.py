"""Asking a reader that dies, hangs, swells or lies: each request gets its own answer, and the others theirs."""

import gc
import os
import signal
import warnings
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from podium.conductor.processes.reaper import Reaper
from podium.conductor.reading import lane, process, worker
from podium.conductor.reading import reader as module
from podium.conductor.reading.queue import LAUNCHES
from podium.conductor.reading.reader import Reader
from podium.errors import ConductorBusy, InvalidArguments, ScoreInvalid
from podium.reader.requests import Match, Matched, Nothing, Profiles, Render
from tests.support import nursed
from tests.support.readers import LIMITS, PATIENT_SECONDS, act, happens, workers

pytestmark = pytest.mark.anyio


@dataclass(eq=False)
class Client:
    """A connection of the process `pid`, as the conductor knows it."""

    pid: int


async def test_a_request_that_kills_two_workers_is_refused_at_once_the_next_time(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "END_SECONDS", PATIENT_SECONDS)  # each death is known, however late the zygote tells it
    with pytest.raises(InvalidArguments, match=r"ended the process that reads it \(signal SIGSEGV\)"):
        await act(reader, "die")
    assert "signal SIGSEGV, at the request profiles" in reader.facts()["last_death"]
    died = reader.facts()["restarts"]
    with pytest.raises(InvalidArguments):
        await act(reader, "die", client="somebody else")
    assert reader.facts()["restarts"] == died == 2
    assert await act(reader, "live") == "live"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("exit", "exit code 3"),
        ("spin", "took longer than 1 s"),
        ("swell", "needed more memory than the limit of 1024 MiB"),
        ("recurse", "is nested too deeply"),
        ("large", "makes a result that is too large"),
        ("flood", "ended the process that reads it"),
        ("nonsense", "its answer makes no sense"),
        ("noise", "an answer that makes no sense"),
        ("empty", "an answer that makes no sense"),
        ("text", "an answer that makes no sense"),
        ("nested", "an answer that makes no sense"),
        ("number", "an answer that makes no sense"),
        ("other", "an answer that makes no sense"),
        ("twice", "an answer that makes no sense"),
        ("announce", "an answer that makes no sense"),
        ("pour", "an answer that makes no sense"),
        ("half", "an answer that makes no sense"),
        ("promise", "took longer than 1 s"),
    ],
)
async def test_what_a_request_does_to_its_worker_is_its_own_answer(
    reader: Reader, what: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # By the clock: short where the clock has to find out, long where something else has to.
        patch.setattr(module, "HANGS_SECONDS", 0.5 if what == "promise" else PATIENT_SECONDS)
        with pytest.raises(InvalidArguments, match=said):
            await act(reader, what)
    assert await act(reader, "live") == "live"


async def test_a_worker_that_hangs_without_its_timer_is_replaced(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(module, "HANGS_SECONDS", 0.5)
        with pytest.raises(InvalidArguments, match="took longer"):
            await act(reader, "stop")
    assert await act(reader, "live") == "live"


async def test_requests_that_were_sent_with_a_killer_are_answered(reader: Reader) -> None:
    found: dict[str, str] = {}

    async def one(what: str) -> None:
        try:
            found[what] = await act(reader, what, client=what)
        except InvalidArguments as error:
            found[what] = error.message

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(one, f"die {number}" if number % 7 == 3 else f"live {number}")
    assert all(text == what for what, text in found.items() if what.startswith("live"))
    assert all("SIGSEGV" in text for what, text in found.items() if what.startswith("die"))
    assert len(found) == 20


async def test_an_answer_that_nobody_asked_for_costs_no_request(reader: Reader) -> None:
    assert await act(reader, "live") == "live"
    with pytest.raises(InvalidArguments, match="makes no sense"):
        await act(reader, "twice", client="hostile")
    found = [await act(reader, f"live {number}") for number in range(5)]
    assert found == [f"live {number}" for number in range(5)]


async def test_those_behind_a_long_request_go_on_and_it_is_not_begun_again(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "HANGS_SECONDS", PATIENT_SECONDS)
    order: list[tuple[str, str]] = []
    long = f"until {tmp_path / 'end'}"

    async def one(what: str) -> None:
        order.append((what, await act(reader, what, client=what)))
        if len(order) == 3:
            (tmp_path / "end").touch()

    died = reader.facts()["restarts"]
    async with anyio.create_task_group() as tasks:
        for what in (long, "live 1", "live 2", "live 3"):
            tasks.start_soon(one, what)
    assert order == [(what, what) for what in ("live 1", "live 2", "live 3", long)]
    assert reader.facts()["restarts"] == died


async def test_a_good_client_never_shares_a_worker_with_those_that_have_ended_one(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "QUICK_SECONDS", PATIENT_SECONDS)  # so that a busy machine holds nobody up
    monkeypatch.setattr(
        module, "DOUBT_SECONDS", PATIENT_SECONDS
    )  # nor clears somebody who waits long for the next turn
    clients = [Client(pid) for pid in range(8)]
    for client in clients:
        await _quietly(reader, f"die {client.pid}", client)

    async def hammer(pid: int) -> None:
        for number in range(1000):  # each time over a new connection
            await _quietly(reader, f"{('die', 'swell', 'half', 'noise')[number % 4]} {pid} {number}", Client(pid))

    async with anyio.create_task_group() as tasks:
        for client in clients:
            tasks.start_soon(hammer, client.pid)
        died = reader.facts()["restarts"]
        where: set[str] = set()
        while reader.facts()["restarts"] < died + 40:
            where.add(await act(reader, "where", client=Client(999)))
        tasks.cancel_scope.cancel()
    assert len(where) == 1, "the worker of the good client was held up or ended by somebody else's request"


async def test_a_client_that_waited_for_the_machine_only_is_not_sent_among_the_hostile_ones(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "QUICK_SECONDS", 0.0)  # both hold others up, however late this process looks
    assert await act(reader, "dawdle", Client(1)) == "dawdle"  # long by the clock, without work
    assert reader._lane_of(Client(1)) is reader._lanes[0]
    assert await act(reader, "work", Client(1)) == "work"
    assert reader._lane_of(Client(1)) is reader._lanes[1]


async def test_when_too_many_workers_are_left_to_one_request_each_the_next_one_is_asked_alone_at_once(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_LEFT", 0)
    monkeypatch.setattr(lane, "QUICK_SECONDS", 0.0)
    assert await act(reader, "work") == "work"
    assert reader.facts()["last_death"] == ""
    assert reader.facts()["restarts"] == 1


async def test_a_client_whose_worker_was_killed_from_outside_is_not_sent_among_the_hostile_ones(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(lane, "QUICK_SECONDS", PATIENT_SECONDS)  # what was slow as well may be its own fault

    async def good() -> None:
        assert await act(reader, f"once {tmp_path / 'begun'}", Client(1))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(good)
        await happens((tmp_path / "begun").exists)
        (quick,) = workers(reader)
        quick.kill()
    assert reader.facts()["restarts"] == 1
    assert reader._lane_of(Client(1)) is reader._lanes[0]


async def test_a_sheet_does_not_fail_for_a_machine_that_does_much_else(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "HANGS_SECONDS", 0.1)
    monkeypatch.setattr(module, "SHEET_SECONDS", PATIENT_SECONDS)
    found: list[str] = []

    async def sheet() -> None:
        found.append(await act(reader, f"until {tmp_path / 'go'} sheet", LAUNCHES))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sheet)
        for number in range(2):  # the second one begins when the sheet has had more than its limit by the clock
            with pytest.raises(InvalidArguments, match="took longer"):
                await act(reader, f"until {tmp_path / 'go'} {number}", "a caller who waits")
        (tmp_path / "go").touch()
    assert found == [f"until {tmp_path / 'go'} sheet"]


@pytest.fixture
def ended(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what a test's requests that would run for ever have come to: nothing, as they may run for long."""
    monkeypatch.setattr(reader, "limits", replace(LIMITS, seconds=PATIENT_SECONDS))
    return []


async def _for_ever(reader: Reader, number: int, client: object, ended: list[str]) -> None:
    await _quietly(reader, f"spin {number}", client)
    ended.append(f"spin {number}")


async def test_a_client_does_not_wait_for_all_that_others_have_asked(reader: Reader, ended: list[str]) -> None:
    async with anyio.create_task_group() as tasks:
        for number in range(6):
            tasks.start_soon(_for_ever, reader, number, "hostile", ended)
        await anyio.lowlevel.checkpoint()  # they have asked
        assert await act(reader, "live", client="good") == "live"
        assert not ended
        tasks.cancel_scope.cancel()


async def test_a_request_whose_worker_was_killed_from_outside_does_not_wait_for_those_that_take_long(
    reader: Reader, ended: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with anyio.create_task_group() as tasks:
        for number in range(2 * module.ALONE):
            tasks.start_soon(_for_ever, reader, number, number, ended)
        # They have gone from the quick worker to the slow ones.
        await happens(lambda: reader._slots.statistics().tasks_waiting == module.ALONE)
        monkeypatch.setattr(lane, "QUICK_SECONDS", PATIENT_SECONDS)
        found: list[str] = []

        async def good() -> None:
            found.append(await act(reader, f"once {tmp_path / 'begun'}", client="good"))

        tasks.start_soon(good)
        await happens((tmp_path / "begun").exists)
        quick = reader._lanes[0].worker
        assert quick is not None
        os.kill(quick.pid, signal.SIGKILL)
        await happens(lambda: found)
        assert not ended
        tasks.cancel_scope.cancel()


async def _quietly(reader: Reader, what: str, client: object) -> None:
    try:
        await act(reader, what, client)
    except (InvalidArguments, ConductorBusy):
        return


async def test_one_client_cannot_fill_the_places_for_long_requests_and_sheets_are_never_refused(reader: Reader) -> None:
    refused: list[str] = []

    async def long(number: int, client: object) -> None:
        try:
            request = Profiles(folder=f"wait {number}")
            await reader.ask(request, Nothing, body=b"x" * module.LARGE_BYTES, client=client)
        except ConductorBusy as error:
            refused.append(f"{client}: {error.message}")

    async with anyio.create_task_group() as tasks:
        for number in range(14):
            tasks.start_soon(long, number, "greedy")
            tasks.start_soon(long, 100 + number, LAUNCHES)
    assert len(refused) == 14 - module.MOST_ALONE_OF_ONE
    assert all(each.startswith("greedy: ") for each in refused), refused


async def test_a_cancelled_caller_keeps_nobody_and_its_answer_is_dropped(reader: Reader) -> None:
    with anyio.move_on_after(0) as scope:  # it asks, and leaves instead of waiting
        await act(reader, "wait")
    assert scope.cancelled_caught
    assert await act(reader, "live") == "live"


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.002, 0.005, 0.01, 0.03, 0.1, 0.2, 0.4])
async def test_a_reader_that_is_closed_while_it_is_asked_leaves_no_socket_open(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(process, "COMMAND", tuple(nursed.command("bad-reader")))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        async with Reaper() as reaper, Reader(reaper, LIMITS) as made:
            with anyio.move_on_after(seconds):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(act, made, "wait")
                    body = b"x" * module.LARGE_BYTES
                    tasks.start_soon(partial(made.ask, Profiles(folder="wait"), Nothing, body=body, client="another"))
        gc.collect()
    assert not [str(each.message) for each in told]


async def test_an_open_file_crosses_and_is_not_left_open(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a\nneedle 7\n")
    fd = os.open(tmp_path / "file", os.O_RDONLY)
    (tmp_path / "file").unlink()
    ours = os.fstat(fd)

    def open_here() -> list[int]:
        """Return our descriptors of that file; those of the reader's own sockets come and go."""
        return [int(each.name) for each in Path("/dev/fd").iterdir() if _is_of(int(each.name), ours)]

    assert len(open_here()) == 1
    try:
        for _ in range(5):
            found, _ = await reader.ask(Match(seconds=1), Matched, body=rb"needle \d", files=[fd], client=LAUNCHES)
            assert (found.passed, found.found, found.output) == (True, "found on line 2", "'needle 7'")
    finally:
        assert open_here() == [fd]
        os.close(fd)


def _is_of(fd: int, file: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), file)
    except OSError:  # the look itself
        return False


async def test_a_template_is_refused_in_the_words_of_its_sheet(reader: Reader) -> None:
    request = Render(label="tests", variables={"who": "me"}, previous={1: "one"})
    _, text = await reader.ask(request, Nothing, body=b"{{ who }} {{ previous_outputs[1] }}", client=LAUNCHES)
    assert text == b"me one"
    with pytest.raises(ScoreInvalid, match="The template of sheet tests, line 1"):
        await reader.ask(request, Nothing, body=b"{{ nobody }}", client=LAUNCHES)
