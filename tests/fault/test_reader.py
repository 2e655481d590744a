"""The reader dies, and nobody but the request that killed it notices."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.jobs import submit
from tests.support.podium_home import Conductor, ask, make_home, until

GOOD = "name: good\nsheets:\n  - run: echo '{{ job_name }}'\n"
DEEP_VALUE = (
    "{% set ns = namespace(t=()) %}{% for i in range(25000) %}{% set ns.t = ((((((((ns.t,),),),),),),),) %}{% endfor %}"
    "{{ ns.t in {} }}"
)
DEEP = f"name: deep\nsheets:\n  - run: |\n      {DEEP_VALUE}\n"
AT_LAUNCH = f"""\
name: later
cross_sheet: {{auto_capture_stdout: true}}
sheets:
  - {{name: a, run: echo boom}}
  - name: b
    run: |
      {{% if previous_outputs.values()|join %}}{DEEP_VALUE}{{% endif %}} true
"""
FOREIGN_TEXT = ("yaml", "jinja2", "markupsafe", "regex")


@pytest.fixture(autouse=True)
def _its_own_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each conductor start its reader itself: these tests look at those processes, and kill them."""
    monkeypatch.setattr(Conductor, "own_reader", True)


@pytest.fixture
def conductor(short_tmp: Path) -> Iterator[Conductor]:
    made = Conductor(make_home(short_tmp))
    yield made.start()
    made.end()


def reader_of(conductor: Conductor) -> dict[str, Any]:
    found = ask(conductor.settings.socket, "daemon.status")["processes"]
    return next(each for each in found if each["role"] == "reader")


def validate(conductor: Conductor, text: str) -> dict[str, Any]:
    params = {"config_content": text, "client_cwd": "/"}
    answer: dict[str, Any] = ask(conductor.settings.socket, "job.validate", params)
    return answer


def status(conductor: Conductor, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = ask(conductor.settings.socket, "job.status", {"job_id": job_id})
    return found


def test_the_conductor_with_a_settings_file_has_loaded_nothing_that_reads_foreign_text(short_tmp: Path) -> None:
    (short_tmp / "podium.yaml").write_text("max_sheets: 3\n")
    look = (
        "import signal, sys\nsignal.signal(signal.SIGUSR2, lambda *_: open({!r}, 'w').write(' '.join(sys.modules)))\n"
    )
    (short_tmp / "sitecustomize.py").write_text(look.format(str(short_tmp / "modules")))
    conductor = Conductor(make_home(short_tmp))
    try:
        conductor.start(PODIUM_CONFIG=str(short_tmp / "podium.yaml"), PYTHONPATH=str(short_tmp))
        assert ask(conductor.settings.socket, "daemon.status")["max_sheets"] == 3
        submit(conductor, GOOD)
        until(lambda: not ask(conductor.settings.socket, "job.list", {"status": "running"}))
        os.kill(conductor.pid, signal.SIGUSR2)
        until(lambda: (short_tmp / "modules").exists() and (short_tmp / "modules").read_text())
        loaded = (short_tmp / "modules").read_text().split()
    finally:
        conductor.end()
    assert "podium.conductor.daemon" in loaded
    assert not [name for name in loaded if name.split(".")[0] in FOREIGN_TEXT]


def test_the_reader_starts_when_it_is_needed_and_ends_with_the_conductor(conductor: Conductor) -> None:
    assert reader_of(conductor)["pid"] is None
    for number in range(200):  # on a machine that does much else a worker may have been ended again, as too slow
        assert validate(conductor, f"{GOOD}\n# {number}")["valid"]
        pid = reader_of(conductor)["pid"]
        assert pid is not None  # that would be this process
        reader = psutil.Process(pid)
        if workers := reader.children():
            break
    assert workers
    conductor.kill()
    psutil.wait_procs([reader, *workers], timeout=30)
    assert not [each for each in (reader, *workers) if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("which", ["worker", "zygote"])
def test_a_process_of_the_reader_that_is_killed_is_replaced_and_the_call_is_answered(
    conductor: Conductor, which: str
) -> None:
    for number in range(5):
        assert validate(conductor, f"{GOOD}\n# {number}")["valid"]  # new each time: a known one needs no reader
        pid = reader_of(conductor)["pid"]
        if pid is None or not psutil.pid_exists(pid):
            continue  # it has not been needed again since it was killed
        zygote = psutil.Process(pid)
        for each in zygote.children() if which == "worker" else [zygote]:
            with suppress(psutil.NoSuchProcess):  # a machine that does much else: it was ended as too slow
                each.kill()
    assert validate(conductor, f"{GOOD}\n# the last one")["valid"]


def test_a_value_too_deep_for_python_ends_no_conductor(conductor: Conductor) -> None:
    answer = validate(conductor, DEEP)
    assert (answer["valid"], answer["code"]) == (False, "SCORE_INVALID")
    assert answer["fix"]
    assert validate(conductor, GOOD)["valid"]
    assert conductor.process is not None
    assert conductor.process.poll() is None


def test_a_sheet_that_cannot_be_rendered_fails_and_the_next_conductor_starts_normally(conductor: Conductor) -> None:
    job_id = submit(conductor, AT_LAUNCH)
    until(lambda: status(conductor, job_id)["status"] == "failed")
    conductor.kill()
    conductor.start()
    assert status(conductor, job_id)["status"] == "failed"
    changed = AT_LAUNCH.replace(DEEP_VALUE, "echo fine;")
    answer = ask(conductor.settings.socket, "job.resume", {"job_id": job_id, "config_content": changed})
    assert answer["status"] == "accepted", answer
    until(lambda: status(conductor, job_id)["status"] == "completed")
    other = submit(conductor, AT_LAUNCH)
    until(lambda: status(conductor, other)["status"] == "failed")
    answer = ask(conductor.settings.socket, "job.clear", {"job_ids": [other]})
    assert answer["deleted"] == 1, answer


def test_a_pattern_that_takes_all_memory_is_refused_with_the_arguments(conductor: Conductor) -> None:
    job_id = submit(conductor, "name: x\nsheets:\n  - run: echo aaa\n")
    until(lambda: status(conductor, job_id)["status"] == "completed")
    params = {"job_id": job_id, "mode": "search", "pattern": "((a{1000}){1000}){1000}"}
    with pytest.raises(RuntimeError, match=r"too large to compile|needed more memory than the limit") as refused:
        ask(conductor.settings.socket, "job.log", params)
    assert "INVALID_ARGUMENTS" in str(refused.value)


KILLER = """\
import os, signal, sys, time
if "podium.reader" in sys.orig_argv:
    from podium.reader import work
    def die(request, body, files, render=work.WORK["render"]):
        if b"killer" in body:
            open({begun!r}, "a").close()
            while not os.path.exists({go!r}):
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGSEGV)
        return render(request, body, files)
    work.WORK["render"] = die
"""


def test_a_job_whose_sheet_kills_the_reader_at_its_launch_can_be_cancelled_and_deleted(short_tmp: Path) -> None:
    begun, go = short_tmp / "begun", short_tmp / "go"
    (short_tmp / "sitecustomize.py").write_text(KILLER.format(begun=str(begun), go=str(go)))
    conductor = Conductor(make_home(short_tmp)).start(PYTHONPATH=str(short_tmp))
    try:
        text = AT_LAUNCH.replace(DEEP_VALUE, "echo killer;")
        job_id = submit(conductor, text, workspace=str(short_tmp))
        until(begun.exists)
        answer = ask(conductor.settings.socket, "job.cancel", {"job_id": job_id})
        assert answer["cancelled"], answer
        view = status(conductor, job_id)["podium"]
        assert (view["status"], view["running"], view["survivors"]) == ("cancelled", [], [])
        go.touch()  # what is still being read dies now, for nobody
        assert ask(conductor.settings.socket, "job.clear", {"job_ids": [job_id]})["deleted"] == 1
        failing = submit(conductor, text, workspace=str(short_tmp))
        until(lambda: status(conductor, failing)["status"] == "failed")
        assert "ended the process that reads it (signal SIGSEGV)" in status(conductor, failing)["podium"]["reason"]
        good = submit(conductor, GOOD)
        until(lambda: status(conductor, good)["status"] == "completed")
        assert conductor.process is not None
        assert conductor.process.poll() is None
    finally:
        conductor.end()
