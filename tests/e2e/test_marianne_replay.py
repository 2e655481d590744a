"""The replay conductor is held to the recordings of the original: what it was asked, it answers as that one did."""

import base64
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.podium_home import ask
from tests.support.replay.conductor import ReplayConductor, replay
from tests.support.replay.faults import REAL, Fault
from tests.support.replay.runs import SHAPES
from tests.support.replay.wire import MOST_BYTES

RECORDED = Path(__file__).parents[1] / "support" / "replay" / "recorded"
EXCHANGES = [json.loads(line) for line in (RECORDED / "exchanges.jsonl").read_text().splitlines()]
SCENARIOS = [json.loads(line) for line in (RECORDED / "scenarios.jsonl").read_text().splitlines()]
# Numbers that no two runs share, by the member that has them.
CHANGING = {
    "pid",
    "daemon_pid",
    "timestamp",
    "submitted_at",
    "started_at",
    "memory_mb",
    "memory_usage_mb",
    "uptime_seconds",
}
PYDANTIC = re.compile(r"errors\.pydantic\.dev/[\d.]+/")
SETTLED_AFTER = 0.35  # seconds between two requests of a recording in which a job that was queued began


@pytest.fixture
def conductor(short_tmp: Path) -> Iterator[ReplayConductor]:
    """A conductor as it is, with the jobs that the recorded requests are about."""
    with replay(short_tmp) as found:
        for name in ("one", "seq5", "dag", "fan"):
            found.put(name, "completed")
        found.jobs.crash()
        found.jobs.by_id["one"].workspace = str(short_tmp / "ws" / "one")
        yield found


def alike(found: Any, folder: Path, name: str = "") -> Any:
    """Return what a reply says, without what is different in every run."""
    if isinstance(found, dict):
        return {key: alike(value, folder, key) for key, value in found.items()}
    if isinstance(found, list):
        return [alike(each, folder) for each in found]
    if isinstance(found, str):
        return PYDANTIC.sub("errors.pydantic.dev/", found.replace(str(folder), "$HOME"))
    return type(found).__name__ if name in CHANGING and found is not None else found


def said(conductor: ReplayConductor, sent: list[Any], replies: int) -> tuple[list[Any], bool]:
    """Send what was sent, and return so many replies and whether the connection was closed then."""
    with conductor.connect() as peer:
        for each in sent:
            data = base64.b64decode(each["b64"]) if isinstance(each, dict) else each.encode()
            peer.sendall(data.replace(b"$HOME", str(conductor.folder).encode()))
        peer.shutdown(socket.SHUT_WR)
        with peer.makefile("rb") as lines:
            found = [json.loads(lines.readline()) for _ in range(replies)]
            return found, lines.readline() == b""


@pytest.mark.parametrize("case", EXCHANGES, ids=[each["case"] for each in EXCHANGES])
def test_it_answers_each_recorded_request_as_the_original_did(conductor: ReplayConductor, case: dict[str, Any]) -> None:
    if "score" in case:
        path = conductor.folder / "scores" / f"inv_{case['case'].removeprefix('score_')}.yaml"
        path.write_text(case["score"].replace("$HOME", str(conductor.folder)))
    if case["case"].startswith("ok_job_list_empty"):
        conductor.jobs.by_id.clear()
    sent = case["sent"] if isinstance(case["sent"], list) else [case["sent"]]
    found, closed = said(conductor, sent, len(case["got"]))
    assert alike(found, conductor.folder) == alike(case["got"], Path("$HOME"))
    assert closed


@pytest.mark.parametrize("extra", [0, 1, 1 << 20])
def test_a_line_has_a_limit_beyond_which_the_connection_is_lost(conductor: ReplayConductor, extra: int) -> None:
    """16 MiB with the newline are handled, one byte more is refused, and a line that is much longer ends the connection."""
    head, tail = b'{"id":1,"method":"daemon.health","params":{"x":"', b'"}}\n'
    line = head + b"a" * (MOST_BYTES + extra - len(head) - len(tail)) + tail
    with conductor.connect() as peer:
        try:
            peer.sendall(line)
            answer = peer.recv(1 << 16)
        except OSError:
            answer = b""
    assert (b"result" in answer, b"-32700" in answer) == (extra == 0, extra == 1)


@pytest.mark.parametrize(
    "line", ['{"id":null,"method":"daemon.health"}', '{"method":"job.status"}', '{"method":"nope"}']
)
def test_what_has_no_id_gets_no_reply(conductor: ReplayConductor, line: str) -> None:
    found, _ = said(conductor, [line + "\n", '{"id":"next","method":"daemon.health"}\n'], 1)
    assert found[0]["id"] == "next"


def test_deep_nesting_ends_the_connection(conductor: ReplayConductor) -> None:
    assert said(conductor, ["[" * 100_000 + "]" * 100_000 + "\n"], 0) == ([], True)


# -- what it does over time -------------------------------------------------------------------------------------------

# What happens in a recording before its request with a number: to sheets of the job, or to the conductor.
MEANWHILE: dict[str, dict[int, str]] = {
    "submit_one": {3: "finish 1"},
    "state_pause_mid_sheet": {8: "finish 1", 20: "finish 1 2 3"},
    "state_pause_then_resume_mid_sheet": {6: "finish 1 2 3"},
    "state_cancel_mid_sheet": {13: "finish 1 2 3"},
    "state_cancel_paused": {3: "finish 1"},
    "state_failed_then_resume": {2: "finish 1, fail 2", 18: "finish 1 2 3", 22: "finish 1 2 3", 25: "finish 1 2 3"},
    "state_modify_paused": {3: "finish 1", 4: "finish 2 3"},
    "state_modify_bad_config": {3: "finish 1"},
    "state_submit_duplicate": {6: "finish 1", 11: "finish 1"},
    "state_self_healing_failure": {2: "fermata 1", 6: "fail 1"},
    "submit_dry_run": {2: "finish 1 2 3"},
    "submit_start_sheet2": {2: "finish 1 2 3"},
    "crash_after_restart": {1: "start, finish 1, crash", 18: "finish 2 3"},
    "shutdown_rpc_nongraceful_restart": {1: "start, cancel, crash"},
    "bug_job_clear_running_deletes_terminal_rows": {2: "finish 1"},
    "bug_job_clear_running_deletes_terminal_rows_after_restart": {1: "start, finish 1, clear, crash"},
    "limits_rate_limit": {2: "waiting 1", 14: "finish 1 2"},
    "job_recover_then_history": {2: "finish 1"},
}
# Sheets of a job, where they are not three; and prompts and orders that cannot work.
SHEETS = {"one": 1, "dup1": 1, "sh1": 1, "cl1": 1, "jinja_err": 1, "rh1": 1, "rl1": 2, "cycle": 2}
WRONG = {
    "jinja_err": ('template: "true"', "template: '{{ foo('"),
    "cycle": ("total_items: 2", "total_items: 2, dependencies: {1: [2], 2: [1]}"),
}
ERRORS = {"sh1": "Exit code 3"}


def shown(found: Any, job_id: str) -> Any:
    """Return a result as the recordings keep it: of a list the entry of the job, of a status object what it says of sheets."""
    if isinstance(found, list):
        return [each for each in found if each["job_id"] == job_id]
    if "state" in found:
        return found | {"state": shown(found["state"], job_id)}
    if "sheets" not in found:
        return found
    sheets = found["sheets"].items()
    return {name: found[name] for name in ("status", "total_sheets", "last_completed_sheet")} | {
        "completed": found["completed_at"] is not None,
        "sheets": {num: [each["status"], each["normal_attempts"], each["error_message"]] for num, each in sheets},
    }


def let(conductor: ReplayConductor, job_id: str, what: str) -> None:
    """Let something happen between two requests."""
    conductor.settle()
    for deed, *nums in (each.split() for each in what.split(", ")):
        match deed:
            case "finish":
                for num in nums:
                    conductor.settle()
                    conductor.job(job_id).finish_sheet(int(num))
            case "fail":
                conductor.settle()
                conductor.job(job_id).fail_sheet(int(nums[0]), ERRORS.get(job_id, "Exit code 1"))
            case "start":
                ask(conductor.path, "job.submit", {"config_path": str(conductor.folder / "scores" / f"{job_id}.yaml")})
                conductor.settle()
            case "cancel":
                ask(conductor.path, "job.cancel", {"job_id": job_id})
            case "clear":
                ask(conductor.path, "job.clear", {"statuses": ["running"]})
            case "crash":
                conductor.crash()
            case _:
                conductor.job(job_id).hold_sheet(int(nums[0]), deed, 2 if deed == "fermata" else 0)


@pytest.mark.parametrize("case", SCENARIOS, ids=[each["case"] for each in SCENARIOS])
def test_a_job_goes_through_its_states_as_it_was_recorded(short_tmp: Path, case: dict[str, Any]) -> None:
    job_id, before = case["job"], 0.0
    with replay(short_tmp, REAL - {Fault.RESUBMIT_RACE}) as conductor:
        for name in (job_id, "md2_new"):
            path = conductor.score(name, SHEETS.get(job_id, 3))
            path.write_text(path.read_text().replace(*WRONG.get(name, ("", ""))))
        (conductor.folder / "scores" / "sub").mkdir()
        (conductor.folder / "scores" / "sub" / "dup1.yaml").write_text(path.read_text().replace("md2_new", "dup1b"))
        (conductor.folder / "scores" / "dup1.yml").write_text(path.read_text())
        (conductor.folder / "scores" / "bad.yaml").write_text("name: bad\n")
        for step in case["steps"]:
            if what := MEANWHILE.get(case["case"], {}).get(step["id"]):
                let(conductor, job_id, what)
            elif step["t"] - before > SETTLED_AFTER:
                conductor.settle()
            before = step["t"]
            request = {"id": step["id"], "method": step["method"], "params": step["params"]}
            (reply,), _ = said(conductor, [json.dumps(request) + "\n"], 1)
            found = shown(reply["result"], job_id) if "result" in reply else {"error": reply["error"]}
            assert alike(found, conductor.folder) == alike(step["got"], Path("$HOME")), step


def test_its_status_object_has_all_members_of_the_original(conductor: ReplayConductor) -> None:
    conductor.put("x", "failed")
    found = ask(conductor.path, "job.status", {"job_id": "x"})
    assert list(found) == list(SHAPES["checkpoint"])
    assert list(found["sheets"]["1"]) == list(SHAPES["sheet"])
    assert (len(found), len(SHAPES["sheet"])) == (40, 61)


def test_stages_are_its_movements_however_many_sheets_they_are(conductor: ReplayConductor) -> None:
    path = conductor.score("fanned")
    path.write_text(path.read_text().replace("total_items: 3", "total_items: 3, fan_out: {2: 3}"))
    ask(conductor.path, "job.submit", {"config_path": str(path)})
    conductor.settle()
    found = ask(conductor.path, "job.status", {"job_id": "fanned"})
    assert (found["total_movements"], found["total_sheets"]) == (3, 5)
