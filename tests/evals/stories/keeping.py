"""Stories of jobs that are there: reading a score, telling jobs apart, cleaning up."""

import json

from tests.evals.player import Player
from tests.evals.story import Given, Stage, Story

NIGHTLY = "name: nightly\nsheets:\n  - {name: lint, run: 'true'}\n  - {name: tests, run: 'echo 17 tests passed'}\n"
PATIENT = """name: patient
sheets:
  - {name: fetch, run: "false", retry: {max_retries: 3, base_delay_seconds: 3000}}
"""
BUSY = "name: busy\nsheets:\n  - {name: work, run: 'sleep 600'}\n"


async def _reads(player: Player, _: Given) -> None:
    answer = await player.begin("get_job", job_id="nightly", detail="score")
    told = json.dumps(answer)
    assert "echo 17 tests passed" in told
    assert "differs" in told


async def _changed_file(stage: Stage) -> Given:
    path = stage.write("nightly.yaml", NIGHTLY)
    job_id = (await stage.user.call("start_job", config_path=path))["job_id"]
    await stage.user.settled(job_id)
    stage.write("nightly.yaml", NIGHTLY.replace("17", "18"))
    return {"job_id": job_id}


async def _unchanged(stage: Stage, given: Given) -> bool:
    return await stage.status_of(given["job_id"]) == "completed"


async def _waits(player: Player, given: Given) -> None:
    answer = await player.begin("list_jobs", status="waiting")
    (line,) = [each for each in answer["jobs"] if each["job_id"] in (given["patient"], given["busy"])]
    assert line["job_id"] == given["patient"]
    assert line["waiting_until"]


async def _two(stage: Stage) -> Given:
    patient = (await stage.user.call("start_job", config_content=PATIENT))["job_id"]
    busy = (await stage.user.call("start_job", config_content=BUSY))["job_id"]
    await stage.user.running(busy)
    while "sheet.retrying" not in str((await stage.user.call("wait_for_job", job_ids=[patient], after=""))["events"]):
        if (await stage.user.call("get_job", job_id=patient))["waiting"]:
            break
    return {"patient": patient, "busy": busy}


async def _two_end(stage: Stage, given: Given) -> bool:
    for job_id in given.values():
        await stage.user.call("cancel_job", job_id=job_id)
        await stage.user.settled(job_id)
    return True


async def _cleans(player: Player, given: Given) -> None:
    answer = await player.begin("clear_jobs", keep_newest=2)
    assert given["oldest"] in json.dumps(answer)
    await player.follow()


async def _five(stage: Stage) -> Given:
    ended = [await stage.ended(f"name: old-{number}\nsheets: [{{run: 'true'}}]\n") for number in range(5)]
    return {"oldest": ended[0]}


async def _cleaned(stage: Stage, _: Given) -> bool:
    found = await stage.user.call("list_jobs", status="ended")
    return bool(found["total"] == 2)


STORIES = (
    Story(
        "reading a score",
        "What does the sheet tests of the job nightly run, and does the file that it was started from still say so?",
        1,
        _reads,
        _unchanged,
        _changed_file,
    ),
    Story("who only waits", "Which jobs do nothing but waiting, and until when?", 1, _waits, _two_end, _two),
    Story("cleaning up", "Remove all ended jobs but the newest 2.", 1, _cleans, _cleaned, _five),
)
