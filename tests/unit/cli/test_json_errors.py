"""What a command prints with `--json` when it cannot answer: one object in a line on stdout, and words for people on stderr."""

import json
from typing import Any

import pytest

from podium.cli.answers import INSTEAD
from podium.settings import Settings
from tests.support.commands import podium
from tests.support.podium_home import Conductor


def refused(home: Settings, *words: str) -> tuple[int, Any]:
    """Return the exit code and the code of the error that a command printed; fails if it printed anything else."""
    done = podium(home, *words)
    assert done.stdout.count("\n") == 1, done.stdout
    printed = json.loads(done.stdout)
    assert list(printed) == ["error"]
    told = INSTEAD.model_validate_json(done.stdout, strict=True).model_dump()["error"]
    assert told == {"retryable": False, "fix": "", **printed["error"]}
    assert done.stderr.strip(), "people are told nothing"
    return done.returncode, told["code"]


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        ("show nobody", 1, "JOB_NOT_FOUND"),
        ("wait nobody", 1, "JOB_NOT_FOUND"),
        ("logs nobody", 1, "JOB_NOT_FOUND"),
        ("explain nobody", 1, "JOB_NOT_FOUND"),
        ("resume nobody", 1, "JOB_NOT_FOUND"),
        ("retry nobody", 1, "JOB_NOT_FOUND"),
        ("timeline nobody", 1, "JOB_NOT_FOUND"),
        ("edit nobody --score /nowhere.yaml", 1, "JOB_NOT_FOUND"),
        ("call get_job job_id=nobody", 1, "JOB_NOT_FOUND"),
        ("run /nowhere.yaml", 2, "SCORE_NOT_FOUND"),
        ("plan /nowhere.yaml", 2, "SCORE_NOT_FOUND"),
        ("wait nobody --timeout soon", 2, "INVALID_ARGUMENTS"),
        ("rm", 2, "INVALID_ARGUMENTS"),
        ("show", 2, "INVALID_ARGUMENTS"),
        ("show nobody --nonsense", 2, "INVALID_ARGUMENTS"),
        ("settings nonsense", 2, "INVALID_ARGUMENTS"),
        ("nonsense", 2, "INVALID_ARGUMENTS"),
        ("call nonsense", 2, "INVALID_ARGUMENTS"),
    ],
)
def test_an_error_is_one_object_in_a_line_and_stands_on_stderr_in_words(
    shared_conductor: Conductor, words: str, code: int, error: str
) -> None:
    assert refused(shared_conductor.settings, *words.split(), "--json") == (code, error)


@pytest.mark.parametrize("words", ["list", "show some", "logs some -f", "call list_jobs"])
def test_without_a_conductor_it_is_the_same_for_every_command(home: Settings, words: str) -> None:
    assert refused(home, *words.split(), "--json") == (5, "CONDUCTOR_NOT_RUNNING")


def test_what_stands_behind_two_dashes_is_for_the_job(home: Settings) -> None:
    done = podium(home, "run", "--", "tool", "--json")
    assert (done.returncode, done.stdout) == (5, "")


def test_of_several_jobs_those_that_were_not_done_stand_on_stderr_too(shared_conductor: Conductor) -> None:
    done = podium(shared_conductor.settings, "cancel", "nobody", "--json")
    (outcome,) = json.loads(done.stdout)["outcomes"]
    assert (done.returncode, outcome["error"]["code"]) == (1, "JOB_NOT_FOUND")
    assert done.stderr.startswith("podium: Job 'nobody' not found")
