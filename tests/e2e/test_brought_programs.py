"""A score that brings its own programs says so wherever it is looked at, or is refused if the settings say that."""

from pathlib import Path

from tests.support.jobs import until
from tests.support.podium_home import Conductor, ask, make_home


def replaced(folder: Path) -> tuple[Path, str]:
    """Return a score beside which a profile replaces an instrument, and the beginning of what is told."""
    profile = folder / ".podium" / "instruments" / "goose.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text("executable: cat\nprompt: stdin\n")
    score = folder / "score.yaml"
    score.write_text("name: demo\nworkspace: out\nsheets: [{prompt: hello, instrument: goose}]\n")
    return score, f"the instrument goose is defined in '{profile}', in place of the built-in one: it runs "


def test_the_plan_the_start_and_the_job_tell_it(shared_conductor: Conductor, tmp_path: Path) -> None:
    score, told = replaced(tmp_path)
    socket, call = shared_conductor.settings.socket, {"config_path": str(score)}
    plan = ask(socket, "job.validate", call)["plan"]
    started = ask(socket, "job.submit", call)
    job = until(shared_conductor, started["job_id"], "completed", "failed")
    assert job["status"] == "completed"
    for warnings in (plan["warnings"], started["job"]["warnings"], job["warnings"]):
        assert warnings[0].startswith(told)


def test_an_instrument_that_is_named_by_an_alias_of_a_profile_beside_the_score_runs_and_is_told(
    shared_conductor: Conductor, tmp_path: Path
) -> None:
    score, _ = replaced(tmp_path)
    profile = tmp_path / ".podium" / "instruments" / "goose.yaml"
    profile.write_text("executable: cat\nprompt: stdin\nname: other\naliases: [goose]\n")
    started = ask(shared_conductor.settings.socket, "job.submit", {"config_path": str(score)})
    job = until(shared_conductor, started["job_id"], "completed", "failed")
    assert (job["status"], len(job["warnings"])) == ("completed", 1)
    assert job["warnings"][0].startswith(
        f"the instrument goose is defined in '{profile}', in place of the built-in one"
    )


def test_a_program_in_the_repository_to_which_the_path_of_the_start_leads_is_told_and_found(
    shared_conductor: Conductor, tmp_path: Path
) -> None:
    program = tmp_path / "bin" / "aider"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    score = tmp_path / "score.yaml"
    score.write_text("name: demo\nworkspace: out\nsheets: [{prompt: hello, instrument: aider}]\n")
    path = {"PATH": f"{program.parent}:/usr/bin:/bin"}
    call = {"config_path": str(score), "environment": path}
    started = ask(shared_conductor.settings.socket, "job.submit", call)
    assert until(shared_conductor, started["job_id"], "completed", "failed")["status"] == "completed"
    assert started["job"]["warnings"] == [
        f"the instrument aider is a program of the score: it runs '{program}', which is inside the folder of the score, "
        f"found through '{program.parent}' of PATH."
    ]


def test_a_script_beside_the_score_that_a_profile_gives_to_bash_is_told_and_run(
    shared_conductor: Conductor, tmp_path: Path
) -> None:
    profile, script = tmp_path / ".podium" / "instruments" / "mine.yaml", tmp_path / "tools" / "evil.sh"
    for each in (profile, script):
        each.parent.mkdir(parents=True)
    profile.write_text("executable: bash\nargs: [./tools/evil.sh]\nprompt: stdin\n")
    script.write_text("touch was-run\n")
    score = tmp_path / "score.yaml"
    score.write_text("name: demo\nworkspace: .\nsheets: [{prompt: hello, instrument: mine}]\n")
    socket, call = shared_conductor.settings.socket, {"config_path": str(score)}
    plan = ask(socket, "job.validate", call)["plan"]
    started = ask(socket, "job.submit", call)
    job = until(shared_conductor, started["job_id"], "completed", "failed")
    assert (job["status"], (tmp_path / "was-run").exists()) == ("completed", True)
    for warnings in (plan["warnings"], started["job"]["warnings"], job["warnings"]):
        assert warnings[0].startswith(f"the instrument mine is defined in '{profile}': it runs ")
        assert warnings[0].endswith(f"; it is given '{script}', inside the folder of the score.")


def test_a_conductor_refuses_it_if_its_settings_say_so(short_tmp: Path, tmp_path: Path) -> None:
    score, told = replaced(tmp_path)
    conductor = Conductor(make_home(short_tmp, score_profiles="refuse")).start()
    try:
        for method in ("job.validate", "job.submit"):
            reply = ask(conductor.settings.socket, method, {"config_path": str(score)})
            assert reply["code"] == "SCORE_INVALID"
            assert told in reply["message"]
    finally:
        conductor.end()
