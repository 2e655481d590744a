"""What a start gives beside the score: its variables and its workspace."""

from typing import Any

import pytest

from podium.errors import InvalidArguments, ScoreInvalid
from tests.unit.score.helpers import compiled, only, sheets


@pytest.mark.parametrize("word", ["target", "n", "message"])
def test_a_name_is_only_said_to_be_near_when_it_is(word: str) -> None:
    assert "did you mean" not in only(sheets(f"{{run: '{{{{ {word} }}}}'}}"))["message"]


def test_an_undefined_name_is_said_to_be_definable_at_the_start_too() -> None:
    with pytest.raises(ScoreInvalid) as caught:
        compiled(sheets("{run: 'deploy {{ target }}'}"))
    assert "dry_run" in caught.value.fix


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nope", "variables: the score has no variable 'nope'."),
        ("stage", "variables: stage is reserved: every template already has a variable with this name."),
        ("a b", "variables: 'a b' is not a valid variable name."),
    ],
)
def test_a_variable_of_the_start_that_the_score_has_no_use_for_is_refused(name: str, message: str) -> None:
    with pytest.raises(InvalidArguments) as caught:
        compiled("variables: {mode: a}\n" + sheets("{run: 'x {{ who | default(1) }}'}"), variables={name: "1"})
    assert caught.value.message == message
    assert name != "nope" or caught.value.fix.endswith("the score's variables: mode, who.")


@pytest.mark.parametrize("text", ["a\0b", "a\udc80b"])
@pytest.mark.parametrize("argument", ["workspace", "variables"])
def test_arguments_that_cannot_be_stored_are_refused(argument: str, text: str) -> None:
    given: dict[str, Any] = {"workspace": text} if argument == "workspace" else {"variables": {"mode": text}}
    with pytest.raises(InvalidArguments, match=f"{argument}: .* a NUL character or an unpaired surrogate"):
        compiled("variables: {mode: a}\n" + sheets("{run: x}"), **given)


def test_a_workspace_in_the_home_of_an_unknown_user_is_refused_and_not_made_here() -> None:
    with pytest.raises(InvalidArguments, match="'~nobody-here/out' begins with a home that this system does not know"):
        compiled(sheets("{run: x}"), workspace="~nobody-here/out")
