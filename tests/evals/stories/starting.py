"""Stories of starting: a command, a score that is there, one that has to be written, one that is refused at first."""

from tests.evals.player import Player
from tests.evals.story import Given, Stage, Story

TEN = "name: ten\nsheets:\n" + "".join(f"  - {{name: step-{number}, run: echo {number}}}\n" for number in range(1, 11))
TRIO = """name: trio
sheets:
  - name: left
    run: echo left > left.txt
    needs: []
  - name: right
    run: echo right > right.txt
    needs: []
  - name: both
    needs: [left, right]
    run: cat left.txt right.txt > both.txt && rm left.txt right.txt
    validate: [{file_exists: both.txt}]
"""
REFUSED = (
    "name: twice\nsheets:\n- {name: first, run: 'true'}\n- {name: second, run: 'true', needs: first, retries: 2}\n"
)
MENDED = REFUSED.replace("needs: first", "needs: [first]").replace("retries: 2", "retry: {max_retries: 2}")


async def _completed(stage: Stage, name: str) -> bool:
    found = await stage.user.call("list_jobs", name=name, status="completed")
    return bool(found["total"] == 1)


async def _command(player: Player, _: Given) -> None:
    await player.begin("start_job", command="expr 6 '*' 7")
    await player.follow()
    answer = await player.follow()
    assert answer["job_output"] == "42"


async def _command_done(stage: Stage, _: Given) -> bool:
    return await _completed(stage, "expr")


async def _ten(player: Player, given: Given) -> None:
    await player.begin("start_job", config_path=given["path"])
    answer = await player.follow(until="all")
    assert answer["jobs"][0]["status"] == "completed"
    assert "10 of 10 sheets completed" in answer["summary"]


async def _ten_file(stage: Stage) -> Given:
    return {"path": stage.write("ten.yaml", TEN)}


async def _ten_done(stage: Stage, _: Given) -> bool:
    return await _completed(stage, "ten")


async def _written(player: Player, _: Given) -> None:
    await player.begin("describe_score")
    await player.follow(config_content=TRIO)
    await player.follow()
    answer = await player.follow()
    assert answer["job_output"] == "left\nright\n"


async def _written_done(stage: Stage, _: Given) -> bool:
    return await _completed(stage, "trio")


async def _refused(player: Player, _: Given) -> None:
    answer = await player.begin("start_job", config_content=REFUSED)
    told = str(answer["problems"])
    assert "[first]" in told
    assert "retry: {max_retries: 2}" in told
    await player.repeat(config_content=MENDED)
    answer = await player.follow()
    assert answer["jobs"][0]["status"] == "completed"


async def _refused_done(stage: Stage, _: Given) -> bool:
    return await _completed(stage, "twice")


STORIES = (
    Story("a command", "Run the command expr 6 '*' 7 as a job and say what it printed.", 3, _command, _command_done),
    Story("ten sheets", "Run the score {path} and say how all of it ended.", 2, _ten, _ten_done, _ten_file),
    Story(
        "a score from nothing",
        "Run a job named trio: sheet left writes left.txt and sheet right writes right.txt, both at once, each with its own name "
        "as text; then sheet both joins the two files into both.txt, removes them and checks that both.txt exists. Read both.txt.",
        3,
        _written,
        _written_done,
    ),
    Story(
        "a refused score",
        f"Run this score, corrected where it has to be, and say how it ended:\n{REFUSED}",
        2,
        _refused,
        _refused_done,
    ),
)
