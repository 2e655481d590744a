"""The text that a job runs is its own: over other spellings of the same plan, changes, restarts and retention."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.fault_jobs import told
from tests.support.jobs import submit, until
from tests.support.podium_home import Conductor, make_home
from tests.support.podium_home import until as eventually

PLAN = "name: same\nsheets: [{name: only, run: 'true'}]\n"
HELD = "name: held\nsheets: [{name: gate, run: 'until [ -e go ]; do sleep 0.1; done'}]\n"
_TEXTS = """SELECT plans.source, following.source, config_path, next_config_path FROM jobs JOIN plans ON plans.hash = plan_hash
LEFT JOIN plans AS following ON following.hash = next_plan_hash WHERE job_id = ?"""


@pytest.fixture
def conductor(short_tmp: Path) -> Iterator[Conductor]:
    """Return a running conductor."""
    running = Conductor(make_home(short_tmp, retention_days=0, retention_newest=0)).start()
    yield running
    running.end()


def texts(conductor: Conductor, job_id: str) -> list[str | None]:
    """Return the text of a job and the pending one, as they are stored, and the paths that they come from."""
    with closing(sqlite3.connect(conductor.settings.home / "podium.db")) as db:
        return list(db.execute(_TEXTS, (job_id,)).fetchone())


def stored(conductor: Conductor) -> int:
    """Return how many texts are stored."""
    with closing(sqlite3.connect(conductor.settings.home / "podium.db")) as db:
        return int(db.execute("SELECT COUNT(*) FROM plans").fetchone()[0])


def test_jobs_whose_scores_differ_only_in_comments_keep_each_its_own_text(
    conductor: Conductor, short_tmp: Path
) -> None:
    told_by = ["# the first\n" + PLAN, "# the second\n" + PLAN, PLAN.replace("'true'", '"true"')]
    job_ids = [submit(conductor, text) for text in told_by]
    path = short_tmp / "kept.yaml"
    path.write_text("# the first\n" + PLAN)
    job_ids.append(told(conductor, "job.submit", config_path=str(path))["job_id"])
    told_by.append("# the first\n" + PLAN)
    for job_id in job_ids:
        until(conductor, job_id, "completed")
    assert [texts(conductor, job_id)[0] for job_id in job_ids] == told_by
    assert texts(conductor, job_ids[-1])[2] == str(path)
    conductor.kill()
    conductor.start()
    assert [texts(conductor, job_id)[0] for job_id in job_ids] == told_by
    assert told(conductor, "job.clear", job_ids=[job_ids[0]])["deleted"] == 1
    conductor.stop()
    conductor.start()
    eventually(lambda: stored(conductor) == 3)  # the last job has the same one
    assert texts(conductor, job_ids[3])[0] == told_by[3]
    assert told(conductor, "job.clear", job_ids=[job_ids[3]])["deleted"] == 1
    conductor.stop()
    conductor.start()
    eventually(lambda: stored(conductor) == 2)
    assert [texts(conductor, job_id)[0] for job_id in job_ids[1:3]] == told_by[1:3]


def test_a_change_of_comments_only_changes_the_text_and_where_it_comes_from(
    conductor: Conductor, short_tmp: Path
) -> None:
    path = short_tmp / "held.yaml"
    path.write_text(HELD)
    reply = told(conductor, "job.submit", config_path=str(path))
    job_id, workspace = reply["job_id"], Path(reply["job"]["workspace"])
    until(conductor, job_id, "running")
    for comment in ("another", "changed"):
        change = {"job_id": job_id, "config_content": f"# {comment}\n{HELD}"}
        assert told(conductor, "job.modify", **change)["pending"]
    conductor.kill()
    conductor.start()
    assert texts(conductor, job_id) == [HELD, "# changed\n" + HELD, str(path), None]
    (workspace / "go").touch()
    until(conductor, job_id, "completed")
    assert texts(conductor, job_id) == ["# changed\n" + HELD, None, None, None]


def test_a_change_that_was_withdrawn_or_overtaken_leaves_the_text_and_its_path(
    conductor: Conductor, short_tmp: Path
) -> None:
    path = short_tmp / "held.yaml"
    path.write_text("# changed\n" + HELD)
    job_id = submit(conductor, HELD)
    until(conductor, job_id, "running")
    told(conductor, "job.modify", job_id=job_id, config_path=str(path))
    assert texts(conductor, job_id) == [HELD, "# changed\n" + HELD, None, str(path)]
    told(conductor, "job.resume", job_id=job_id)
    assert texts(conductor, job_id) == [HELD, None, None, None]
    told(conductor, "job.modify", job_id=job_id, config_path=str(path))
    told(conductor, "job.cancel", job_id=job_id)
    until(conductor, job_id, "cancelled")
    assert texts(conductor, job_id) == [HELD, None, None, None]
    assert told(conductor, "job.resume", job_id=job_id, config_path=str(path))["status"] == "accepted"
    assert texts(conductor, job_id) == ["# changed\n" + HELD, None, str(path), None]
    told(conductor, "job.cancel", job_id=job_id)
    until(conductor, job_id, "cancelled")


def test_a_file_that_may_not_be_read_is_refused_to_both_calls_and_said_of_a_job(
    conductor: Conductor, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = short_tmp / "private.yaml"
    path.write_text(PLAN)
    job_id = told(conductor, "job.submit", config_path=str(path))["job_id"]
    conductor.stop()
    monkeypatch.setattr(conductor, "plain", True)
    conductor.start()
    path.chmod(0)
    for method in ("job.submit", "job.validate"):
        reply = told(conductor, method, config_path=str(path), max_lines=9)
        assert reply["code"] == "PERMISSION_DENIED"
        assert "text" not in reply
    shown = told(conductor, "job.score", job_id=job_id)
    assert (shown["file"], shown["text"]["lines"]) == ("unreadable", PLAN.splitlines())
