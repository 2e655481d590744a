"""Stories of following a job: mending it, approving a step, waiting for a line of its output."""

from tests.evals.player import Player
from tests.evals.story import Given, Stage, Story

TYPO = "name: release\nsheets:\n- {name: build, run: 'true'}\n- {name: notes, run: 'ech written > notes.txt'}\n"
HELD = """name: rollout
sheets:
  - {name: build, run: echo built}
  - {name: deploy, run: echo deployed > deployed.txt, hold: "Deploy to production?"}
"""
SERVER = """name: server
sheets:
  - name: serve
    run: |
      echo starting
      sleep 0.3
      echo listening on 127.0.0.1:8080
      sleep 600
"""


async def _mends(player: Player, given: Given) -> None:
    await player.begin("start_job", config_path=given["path"])
    answer = await player.follow()
    assert "ech: command not found" in answer["job_output"]
    answer = await player.follow(find="ech written", replace="echo written")
    assert "notes" in str(answer["changed"])
    answer = await player.follow()
    assert answer["jobs"][0]["status"] == "completed"


async def _typo(stage: Stage) -> Given:
    return {"path": stage.write("release.yaml", TYPO), "text": TYPO}


async def _mended(stage: Stage, _: Given) -> bool:
    completed = await stage.user.call("list_jobs", name="release", status="completed")
    return bool(completed["total"]) and (stage.folder / "release.yaml").read_text() == TYPO


async def _approves(player: Player, given: Given) -> None:
    await player.begin("start_job", config_path=given["path"])
    answer = await player.follow()
    job = answer["jobs"][0]
    assert job["status"] == "paused"
    assert "Deploy to production?" in job["reason"]
    answer = await player.choose("resume_job", job_id=job["job_id"])
    assert "deploy" in answer["summary"]
    answer = await player.follow()
    assert answer["jobs"][0]["status"] == "completed"


async def _rollout(stage: Stage) -> Given:
    return {"path": stage.write("rollout.yaml", HELD)}


async def _approved(stage: Stage, _: Given) -> bool:
    return bool((await stage.user.call("list_jobs", name="rollout", status="completed"))["total"])


async def _listens(player: Player, given: Given) -> None:
    answer = await player.begin("start_job", config_path=given["path"])
    job_id = answer["job_id"]
    await player.follow(pattern="listening on")
    assert "listening on 127.0.0.1:8080" in player.texts[-1]
    answer = await player.choose("cancel_job", job_id=job_id)
    assert answer["success"]


async def _server(stage: Stage) -> Given:
    return {"path": stage.write("server.yaml", SERVER)}


async def _stopped(stage: Stage, _: Given) -> bool:
    jobs = (await stage.user.call("list_jobs", name="server"))["jobs"]
    return bool(jobs) and (await stage.user.settled(jobs[0]["job_id"]))["status"] == "cancelled"


STORIES = (
    Story(
        "a typo",
        "Run the score {path}. If a sheet fails for a typo (ech written should be echo written), mend the job and let it go on; "
        "leave the file as it is.",
        4,
        _mends,
        _mended,
        _typo,
    ),
    Story(
        "an approval",
        "Run the score {path}. When it asks whether to deploy, approve that, and say how it ended.",
        4,
        _approves,
        _approved,
        _rollout,
    ),
    Story(
        "a server",
        "Start the score {path} and say on which address it is listening on; then cancel the job.",
        3,
        _listens,
        _stopped,
        _server,
    ),
)
