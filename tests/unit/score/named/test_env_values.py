"""Values of `env` that are only named in a score, and variables that come from the caller."""

import pytest

from podium.score.model.plan import dump_plan, load_plan
from tests.unit.score.helpers import compiled, problems

SCORE = """
name: deploy
env: {TOKEN: {from_env: GITHUB_TOKEN}, PORT: 8080}
env_pass: [VIRTUAL_ENV, VIRTUAL_ENV]
sheets:
  - run: x
    env: {PORT: {from_env: DEPLOY_PORT}, MODE: dry}
"""


def test_a_named_value_and_a_passed_variable_stand_in_the_plan_by_their_names_only() -> None:
    plan = load_plan(dump_plan(compiled(SCORE)))
    assert (plan.env, plan.env_from, plan.env_pass) == ({"PORT": "8080"}, {"TOKEN": "GITHUB_TOKEN"}, ("VIRTUAL_ENV",))
    assert (plan.sheets[0].env, plan.sheets[0].env_from) == ({"MODE": "dry"}, {"PORT": "DEPLOY_PORT"})


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ("env: {A: {from_env: ''}}", "from_env: NAME"),
        ("env: {A: {from_env: B, default: x}}", "from_env: NAME"),
        ("env: {A: {from: B}}", "from_env: NAME"),
        ("env: {A: [x]}", "should be a single value"),
        ("env: {PODIUM_JOB_ID: {from_env: A}}", "is reserved"),
        ("env_pass: ['A=B']", "not a valid environment variable name"),
        ("env_pass: [PODIUM_SHEET]", "is reserved"),
        ("env: {A: x}\nenv_pass: [A]", "env gives A a value too"),
    ],
)
def test_what_cannot_be_looked_up_or_passed_on_is_refused_at_its_place(env: str, message: str) -> None:
    found = problems(f"name: n\n{env}\nsheets: [{{run: x}}]\n")
    assert [message in each["message"] for each in found] == [True]
    assert found[0]["line"] == env.count("\n") + 2
