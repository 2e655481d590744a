"""What a Marianne conductor says in sentences comes out in plain words: as it was recorded, and without its library's text."""

import pytest

from podium.client.marianne.messages import plain

URL = "\n    For further information visit https://errors.pydantic.dev/2.14/v/missing"
TAIL = ". Cannot determine workspace. Fix the config or pass --workspace explicitly."


def unreadable(why: str) -> str:
    return f"Failed to parse config file: /s/x.yaml ({why}){TAIL}"


def problem(field: str, text: str, kind: str) -> str:
    return f"{field}\n  {text} [type={kind}, input_value={{'a': 'b)'}}, input_type=dict]{URL}"


def invalid(*problems: str) -> str:
    count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} for JobConfig\n"
    return unreadable(count + "\n".join(problems))


SAID = {
    invalid(problem("name", "Field required", "missing")): "name is missing",
    invalid(problem("foo", "Extra inputs are not permitted", "extra_forbidden")): "foo is not a field of a score",
    invalid(problem("sheet.size", "Input should be greater than or equal to 1", "greater_than_equal")): (
        "sheet.size must be at least 1"
    ),
    invalid(problem("parallel.max_concurrent", "Input should be less than or equal to 20", "less_than_equal")): (
        "parallel.max_concurrent must be at most 20"
    ),
    invalid(problem("state_backend", "Input should be 'json' or 'sqlite'", "literal_error")): (
        "state_backend must be 'json' or 'sqlite'"
    ),
    invalid(problem("prompt", "Input should be a valid dictionary or instance of X", "model_type")): (
        "prompt must be a mapping"
    ),
    invalid(problem("x", "Anything new", "unheard_of")): "x is not valid",
    invalid(problem("sheet", "Value error, fan_out requires size=1, got size=2.", "value_error")): (
        "sheet (fan_out requires size=1, got size=2)"
    ),
    invalid(problem("name", "Field required", "missing"), problem("sheet", "Field required", "missing")): (
        "name is missing; sheet is missing"
    ),
    unreadable('while parsing a flow node\nexpected the node\n  in "/s/x.yaml", line 2, column 1'): (
        "it is not one document of YAML: see line 2, column 1"
    ),
    unreadable("The score file is empty or invalid. A Marianne score requires ... See 'mzt validate --help'."): (
        "it is empty, or lacks name, sheet or prompt"
    ),
    unreadable("[Errno 21] Is a directory: '/s/x.yaml'"): "[Errno 21] Is a directory: '/s/x.yaml'",
}


@pytest.mark.parametrize(("message", "told"), SAID.items())
def test_what_is_wrong_with_a_score_is_told_by_its_fields(message: str, told: str) -> None:
    assert plain(message) == f"the score /s/x.yaml is not valid: {told}"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Config file not found: /nope/x.yaml", "Config file not found: /nope/x.yaml"),
        ("Job 'x' is already running. Use 'mzt cancel x' first.", "Job 'x' is already running"),
        ("Daemon is shutting down\x1b[31m\n", "Daemon is shutting down"),
        ("x" * 900, "x" * 500 + "..."),
    ],
)
def test_other_messages_lose_the_advice_that_is_for_its_own_program(message: str, told: str) -> None:
    assert plain(message) == told


def test_the_error_of_a_job_has_the_same_words() -> None:
    error = f"1 validation error for JobConfig\n{problem('sheet', 'Field required', 'missing')}"
    assert plain(error) == "the score is not valid: sheet is missing"
