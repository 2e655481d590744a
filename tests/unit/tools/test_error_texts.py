"""Every error text: complete, in the house's words, and seen when it changes."""

import pytest

from podium.contract.states import ACTIONS, PHASES, RULES
from podium.errors import BY_CODE
from tests.support.error_texts import ErrorText, error_texts
from tests.support.golden import check_golden

TEXTS = error_texts()
# Codes that the server's modes will use; no mode that does exists yet.
UNUSED = {"READ_ONLY", "CONFIRMATION_REQUIRED"}
every_text = pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{text.module}-{text.code}")


def test_every_error_text_is_golden() -> None:
    found: dict[str, list[dict[str, str]]] = {}
    for text in TEXTS:
        found.setdefault(text.code, []).append({"at": text.module, "message": text.message, "fix": text.fix})
    check_golden("error_texts.json", dict(sorted(found.items())))


def test_every_refusal_of_a_state_is_golden() -> None:
    refused = {
        action: {
            phase: {"message": cell.why, "fix": cell.instead}
            for phase in PHASES
            if not (cell := RULES[action][phase]).allowed
        }
        for action in ACTIONS
    }
    check_golden("refusals.json", refused)


def test_no_refusal_leads_to_a_call_that_is_refused_too() -> None:
    for action in ACTIONS:
        for phase in PHASES:
            named = [other for other in ACTIONS if RULES[action][phase].instead.startswith(f"{other}_job")]
            assert all(RULES[other][phase].allowed for other in named), (action, phase)
            assert "delete_job" not in RULES[action][phase].instead or action == "delete"


def test_every_code_is_used_somewhere() -> None:
    assert set(BY_CODE) - {text.code for text in TEXTS} == UNUSED


@every_text
def test_an_error_says_what_to_do(text: ErrorText) -> None:
    assert text.fix.strip()


@every_text
def test_an_error_shows_nothing_internal(text: ErrorText) -> None:
    for word in ("Traceback", "pydantic", ".py", "None", "http://", "errno"):
        assert word not in text.message
        assert word not in text.fix
