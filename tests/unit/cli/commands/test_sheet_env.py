"""`podium env`: what a sheet would get as its environment, where it comes from, and nothing that is a secret."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podium.settings import Settings
from tests.support.commands import answered, podium
from tests.support.jobs import submit, until
from tests.support.podium_home import Conductor, ask, make_home

SCORE = """\
name: envy
env: {{MODE: fast, LENT: {{from_env: LENDER_TOKEN}}, ABSENT: {{from_env: NOWHERE}}, PATH: /score/bin}}
env_pass: [BROUGHT, PLACE]
sheets:
  - name: plain
    run: env > {folder}/plain.env
  - name: own
    env: {{MODE: slow, DB_PASSWORD: hunter2hunter2, URL: "postgres://me:sesame-open@db/x"}}
    run: env > {folder}/own.env
"""
THEIRS = {
    "LENDER_TOKEN": "lent-0123456789",
    "GITHUB_TOKEN": "own-0123456789",
    "LANG": "C.UTF-8",
    "VIRTUAL_ENV": "/theirs",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Return the home of a conductor that has an environment of its own."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp"))
    running = Conductor(make_home(folder)).start(**THEIRS)
    yield running.settings
    running.end()
    shutil.rmtree(folder, ignore_errors=True)


def variables(home: Settings, *words: str, **environment: Any) -> dict[str, dict[str, Any]]:
    """Return the variables that the command shows, by name."""
    found = answered(home, "env", *words, **environment)["variables"]
    assert [each["name"] for each in found] == sorted(each["name"] for each in found)
    return {each["name"]: each for each in found}


def test_every_sheet_begins_with_the_conductors_environment_without_its_secrets(home: Settings) -> None:
    found = variables(home)
    assert {each["source"] for each in found.values()} == {"conductor"}
    assert (found["LANG"]["value"], found["GITHUB_TOKEN"]["value"]) == ("C.UTF-8", "[value of GITHUB_TOKEN]")
    done = podium(home, "env", VIRTUAL_ENV="/ours", ONLY_HERE="1")
    assert "≠ VIRTUAL_ENV" in done.stdout
    assert "here: /ours" in done.stdout
    assert "In this shell and not for sheets: " in done.stdout
    assert "ONLY_HERE" in done.stdout
    assert not [each for each in THEIRS.values() if "0123" in each and each in done.stdout]


def test_a_sheet_of_a_score_gets_what_is_shown_and_no_secret_is(home: Settings, short_tmp: Path) -> None:
    path = short_tmp / "envy.yaml"
    path.write_text(SCORE.format(folder=short_tmp))
    found = variables(home, str(path), "own", BROUGHT="brought-by-me", PLACE="/opt/tool")
    told = {
        name: (found[name]["value"], found[name]["source"], found[name]["replaces"])
        for name in ("MODE", "LENT", "PATH", "BROUGHT", "PLACE", "DB_PASSWORD", "PODIUM_SHEET")
    }
    assert told == {
        "MODE": ("slow", "sheet", "score"),
        "LENT": ("[value of LENDER_TOKEN]", "score", None),
        "PATH": ("/score/bin", "score", "conductor"),
        "BROUGHT": ("[value of BROUGHT]", "start", None),
        "PLACE": ("/opt/tool", "start", None),
        "DB_PASSWORD": ("[value of DB_PASSWORD]", "sheet", None),
        "PODIUM_SHEET": ("own", "podium", None),
    }
    assert "sesame" not in found["URL"]["value"]
    assert (found["ABSENT"]["missing"], found["ABSENT"]["variable"]) == (True, "NOWHERE")
    assert variables(home, str(path))["MODE"]["value"] == "fast"
    assert variables(home, str(path))["BROUGHT"]["missing"]
    shown = podium(home, "env", str(path)).stdout
    assert "Sheets with variables of their own: own." in shown
    assert "has no value (from_env: NOWHERE)" in shown


def test_what_a_job_got_is_what_the_command_shows(home: Settings, short_tmp: Path) -> None:
    score = SCORE.format(folder=short_tmp).replace("ABSENT: {from_env: NOWHERE}, PATH: /score/bin", "OTHER: '1'")
    job_id = submit(Conductor(home), score, environment={"BROUGHT": "brought-by-me", "PLACE": "/opt/tool"})
    until(Conductor(home), job_id, "completed")
    real = dict(line.partition("=")[::2] for line in (short_tmp / "own.env").read_text().splitlines() if "=" in line)
    found = variables(home, job_id, "own")
    made_by_bash = {"_", "SHLVL", "PWD", "OLDPWD"}
    assert set(real) - made_by_bash == set(found) - made_by_bash
    known = {name: each["value"] for name, each in found.items() if not each["hidden"] and not each["known_later"]}
    assert {name: real[name] for name in known if name not in made_by_bash} == {
        name: value for name, value in known.items() if name not in made_by_bash
    }
    hidden = sorted(name for name, each in found.items() if each["hidden"])
    assert hidden == ["BROUGHT", "DB_PASSWORD", "GITHUB_TOKEN", "LENDER_TOKEN", "LENT", "URL"]


def test_what_is_unknown_is_refused(home: Settings, short_tmp: Path) -> None:
    path = short_tmp / "envy.yaml"
    path.write_text(SCORE.format(folder=short_tmp))
    assert podium(home, "env", str(path), "none").returncode == 2
    assert podium(home, "env", "nobody").returncode == 1
    assert podium(home, "env", str(short_tmp / "none.yaml")).returncode == 2
    path.write_text("name: [")
    assert podium(home, "env", str(path)).returncode == 2


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"job_id": "x", "config_content": "name: x"}, "A job and a score are given."),
        ({"sheet": 3}, "A sheet is given without its job or score."),
    ],
)
def test_what_is_given_and_would_count_for_nothing_is_refused(home: Settings, params: dict[str, Any], why: str) -> None:
    with pytest.raises(RuntimeError, match=why):
        ask(home.socket, "job.env", params)


def test_a_shell_without_the_conductors_path_is_told_of_it(home: Settings) -> None:
    done = podium(home, "env", PATH=f"/opt/mine:{os.environ['PATH']}")
    line = next(each for each in done.stdout.splitlines() if each.startswith("≠ PATH"))
    assert "/opt/mine" not in line
    assert "here: /opt/mine:" in done.stdout
