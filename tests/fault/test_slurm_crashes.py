"""kill -9 of the conductor at every named point of the way to a cluster, then a start: nothing is lost, nothing runs twice."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from podium.settings import Settings
from tests.support.jobs import check_history, until
from tests.support.podium_home import Conductor, ask
from tests.support.podium_home import until as wait_until
from tests.support.scores import token_score, tokens
from tests.support.slurm.stand_in.playing import StandIn

# The others are about a cancel, a suspension, or what is left when a job has ended: campaigns pass them.
ON_THE_WAY = ("after_link", "before_todo", "after_todo", "before_sbatch", "after_sbatch", "after_bell", "before_end")
CRASHES = [(name, 1) for name in ON_THE_WAY] + [(name, 2) for name in ON_THE_WAY if name.endswith(("todo", "sbatch"))]


@pytest.fixture
def stopped(home: Settings, cluster: StandIn) -> Iterator[Conductor]:
    """A conductor of that cluster, which a test starts itself, perhaps several times."""
    running = Conductor(home)
    yield running
    running.end()


def settings_of(cluster: StandIn, **more: str) -> dict[str, str]:
    """The environment of a conductor whose sheets go to the cluster."""
    known = {
        "PODIUM_ENGINE": "slurm",
        "PODIUM_SLURM_PYTHON": sys.executable,
        "PODIUM_SLURM_ASK_SECONDS": "0.5",
        "PATH": cluster.search_path,
    }
    return {**known, **more}


@pytest.mark.parametrize(("name", "times"), CRASHES)
def test_a_job_on_a_cluster_survives_a_crash_at_every_point_and_each_sheet_runs_once(
    stopped: Conductor, cluster: StandIn, tmp_path: Path, name: str, times: int
) -> None:
    stopped.start(**settings_of(cluster, PODIUM_FAULT=f"{name}:{times}"))
    score = token_score(tmp_path, extra="    resources: {cpus: 1}\n", chain=times > 1 and "sbatch" in name)
    if "sbatch" in name:  # a sheet that needs something else, so that the cluster is asked twice
        score = score.replace("cpus: 1", "cpus: 2", 1)
    submit = {"config_content": score, "idempotency_key": "only-once", "client_cwd": str(tmp_path)}
    with suppress(OSError):  # it may die before it answers
        ask(stopped.settings.socket, "job.submit", submit)
    stopped.await_death()
    stopped.start(**settings_of(cluster))
    job_id = ask(stopped.settings.socket, "job.submit", submit)["job_id"]
    view = until(stopped, job_id, "completed", "failed")
    assert view["status"] == "completed", view["reason"]
    ran = tokens(tmp_path)
    assert set(ran.values()) == {1}
    assert sorted(token.split()[1] for token in ran) == ["s1", "s2", "s3"]
    check_history(stopped, job_id)


@pytest.mark.parametrize("name", ["before_claim", "after_claim"])
def test_what_is_cancelled_in_the_queue_never_runs_although_the_conductor_dies_at_it(
    stopped: Conductor, cluster: StandIn, tmp_path: Path, name: str
) -> None:
    cluster.close_queue()
    stopped.start(**settings_of(cluster, PODIUM_FAULT=name))
    score = {"config_content": token_score(tmp_path, sheets=1), "client_cwd": str(tmp_path)}
    job_id = ask(stopped.settings.socket, "job.submit", score)["job_id"]
    wait_until(lambda: any((stopped.settings.cluster).glob("*/pools/*/todo/1")))
    with suppress(OSError):
        ask(stopped.settings.socket, "job.cancel", {"job_id": job_id})
    stopped.await_death()
    cluster.open_queue()
    stopped.start(**settings_of(cluster))
    assert until(stopped, job_id, "cancelled", "completed", "failed")["status"] == "cancelled"
    wait_until(lambda: not any((stopped.settings.cluster).glob("*/pools/*/lanes/*")))
    assert sum(tokens(tmp_path).values()) <= (name == "before_claim")
