"""How the scripts of sheets are played: by bash, strictly if that was asked for, or by the program of their `#!` line."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.jobs import sheets_of, submit, until
from tests.support.podium_home import Conductor, ask


@pytest.fixture
def conductor(shared_conductor: Conductor) -> Conductor:
    """Every test here looks only at its own jobs."""
    return shared_conductor


def score(workspace: Path, **sheets: str | dict[str, Any]) -> str:
    """Return a score whose sheets run at once; a text is what a sheet runs."""
    made = [
        {"name": name, "needs": [], **({"run": each} if isinstance(each, str) else each)}
        for name, each in sheets.items()
    ]
    return json.dumps({"name": "demo", "workspace": str(workspace), "sheets": made})


def ended(conductor: Conductor, job_id: str) -> dict[str, dict[str, Any]]:
    until(conductor, job_id, "completed", "failed")
    return sheets_of(conductor, job_id)


def test_a_script_is_played_by_the_program_of_its_first_line(conductor: Conductor, tmp_path: Path) -> None:
    own = tmp_path / "own program"
    own.write_text('#!/bin/sh\nprintf "%s|" "$#" "$1" "$PWD" > own.txt\n')
    own.chmod(0o755)
    text = score(
        tmp_path,
        errexit="#!/bin/bash -e\nfalse\ntouch went-on",
        python="#!/usr/bin/env python3\nimport os\nopen('py.txt', 'w').write(os.environ['PODIUM_SHEET'])",
        split="#!/usr/bin/env -S python3 -u -X dev\nimport sys\nopen('dev.txt', 'w').write(str(sys.flags.dev_mode))",
        template="#!/bin/{{ 'sh' }} -u\necho $NOPE\ntouch went-on",
        own=f"#!{tmp_path}/link\n",
    )
    (tmp_path / "link").symlink_to(own)
    sheets = ended(conductor, submit(conductor, text))
    assert {name: sheet["exit_code"] for name, sheet in sheets.items()} == {
        "errexit": 1, "python": 0, "split": 0, "template": sheets["template"]["exit_code"], "own": 0,
    }  # fmt: skip
    assert sheets["template"]["exit_code"] != 0
    assert not (tmp_path / "went-on").exists()
    assert (tmp_path / "py.txt").read_text() == "python"
    assert (tmp_path / "dev.txt").read_text() == "True"
    count, script, folder, _ = (tmp_path / "own.txt").read_text().split("|")
    assert (count, Path(script).name, folder) == ("1", "script", str(tmp_path))


def test_a_program_that_is_not_there_is_told_before_and_at_the_start(conductor: Conductor, tmp_path: Path) -> None:
    text = score(
        tmp_path,
        path={"run": "#!/no/such -x\n", "retry": {"max_retries": 3}},
        env="#!/usr/bin/env nosuch-program\n",
        late="#!/usr/bin/env {{ 'nosuch' }}-program\n",
    )
    plan = ask(conductor.settings.socket, "job.validate", {"config_content": text})["plan"]
    told = [
        "the program /no/such, which the #! line of sheet path names, was not found on this machine.",
        "the program nosuch-program, which the #! line of sheet env names, was not found on this machine.",
    ]
    assert plan["warnings"] == told
    job_id = submit(conductor, text)
    sheets = ended(conductor, job_id)
    assert until(conductor, job_id, "failed")["warnings"] == told
    missing = "the program {}, which the #! line of the script names, was not found; " + (
        "install it on the conductor's machine, or name another in that line"
    )
    assert sheets["path"]["reason"] == missing.format("/no/such")
    assert sheets["path"]["attempts"] == 1
    assert sheets["env"]["reason"] == sheets["late"]["reason"] == missing.format("nosuch-program")


def test_a_program_in_a_relative_folder_of_the_sheet_s_path_is_found(conductor: Conductor, tmp_path: Path) -> None:
    tool = tmp_path / "bin" / "own-tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\ntouch played\n")
    tool.chmod(0o755)
    text = score(tmp_path, own={"run": "#!/usr/bin/env own-tool\n", "env": {"PATH": "bin:/usr/bin:/bin"}})
    job_id = submit(conductor, text)
    assert until(conductor, job_id, "completed", "failed")["status"] == "completed"
    assert (tmp_path / "played").exists()


def test_a_strict_script_ends_at_the_first_failure(conductor: Conductor, tmp_path: Path) -> None:
    scripts = {"command": "false", "pipe": "false | true", "variable": "echo $NOPE", "fine": "true"}
    text = score(
        tmp_path,
        **{name: {"run": f"{line}\ntouch {name}", "strict": True} for name, line in scripts.items()},
        lax="false\ntouch lax",
    )
    sheets = ended(conductor, submit(conductor, text))
    assert {name for name, sheet in sheets.items() if sheet["status"] == "completed"} == {"fine", "lax"}
    assert {each.name for each in tmp_path.iterdir()} == {"fine", "lax"}


def test_a_check_that_an_older_file_passes_is_told(conductor: Conductor, tmp_path: Path) -> None:
    for name in ("old.txt", "touched.txt"):
        (tmp_path / name).write_text("done")
        os.utime(tmp_path / name, (1_000_000_000, 1_000_000_000))
    checks = [
        {"file_exists": "old.txt"},
        {"content_contains": {"path": "old.txt", "pattern": "done"}},
        {"content_regex": {"path": "old.txt", "pattern": "d.ne"}},
        {"file_exists": "new.txt"},
        {"file_exists": "touched.txt"},
        {"file_exists": "."},
    ]
    text = score(tmp_path, make={"run": "touch new.txt touched.txt", "validate": checks})
    job_id = submit(conductor, text)
    view = until(conductor, job_id, "completed", "failed")
    assert view["status"] == "completed"
    assert view["warnings"] == [
        f"sheet make: {kind} passed with a file that is older than the job: old.txt."
        for kind in ("file_exists", "content_contains", "content_regex")
    ]
    cause = ask(conductor.settings.socket, "job.explain", {"job_id": job_id})["cause"]
    assert cause == f"Warning: {view['warnings'][0]} (get_job lists 3 warnings.)"
    found = [check["found"] for check in sheets_of(conductor, job_id)["make"]["validations"]]
    assert [each.endswith("; the file is older than the job") for each in found] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_what_is_told_of_a_sheet_comes_before_what_is_told_of_the_score(conductor: Conductor, tmp_path: Path) -> None:
    (tmp_path / "old.txt").touch()
    os.utime(tmp_path / "old.txt", (1_000_000_000, 1_000_000_000))
    made = json.loads(score(tmp_path, make={"run": "true", "validate": [{"file_exists": "old.txt"}]}))
    text = json.dumps({**made, "env": {f"V{number}": "$HOME" for number in range(120)}})
    warnings = until(conductor, submit(conductor, text), "completed", "failed")["warnings"]
    assert warnings[0] == "sheet make: file_exists passed with a file that is older than the job: old.txt."
    assert len(warnings) == 100
