"""A key of another tool is answered with what to do here."""

import pytest

from podium.score.foreign import foreign_keys
from podium.score.named.fields import NamedScore, NamedSheet
from podium.score.numbered.fields.score import NumberedScore
from podium.score.text.reading import keys_of
from tests.unit.score.helpers import numbered, only, sheets

OF_A_SCORE = (
    "schedule cron on env_file defaults limits queue priority notify notifications artifacts image secrets matrix tags volumes hold "
    "executor cpus mem gpu on_success on_failure working_directory parallelism include cwd environment"
)
OF_A_SHEET = (
    "env_file limits queue priority notify artifacts image secrets matrix depends_on script command steps jobs stages cwd "
    "working_directory working-directory shell if when continue_on_error continue-on-error allow_failure parallelism tags entrypoint "
    "volumes timeout timeout-minutes retries uses args user cache approval manual executor cpus mem gpu stdin register schedule dependencies image environment"
)


@pytest.mark.parametrize("key", OF_A_SCORE.split())
def test_a_score_has_an_answer(key: str) -> None:
    message = only(f"{key}: x\n" + sheets("{run: x}"))["message"]
    assert message.startswith("unknown key; ")
    assert "did you mean" not in message


@pytest.mark.parametrize("key", OF_A_SHEET.split())
def test_a_sheet_has_an_answer(key: str) -> None:
    message = only(sheets(f"{{run: x, {key}: x}}"))["message"]
    assert message.startswith("unknown key; ")
    assert "did you mean" not in message


@pytest.mark.parametrize(
    "key",
    [
        "schedule",
        "env_file",
        "image",
        "priority",
        "secrets",
        "env",
        "tags",
        "hold",
        "approval",
        "resources",
        "engine",
        "cpus",
    ],
)
def test_a_numbered_score_has_an_answer(key: str) -> None:
    assert only(numbered(f"{key}: x"))["message"].startswith("unknown key; ")


def test_no_key_of_ours_is_foreign() -> None:
    assert not foreign_keys(sheet=True).keys() & set(keys_of(NamedSheet))
    assert not foreign_keys().keys() & {*keys_of(NamedScore), *keys_of(NumberedScore)} - {"on_success"}
