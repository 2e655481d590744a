"""Every error text: complete, in the house's words, and seen when it changes."""

from podium.contract.states import ACTIONS, PHASES, RULES
from podium.errors import BY_CODE
from tests.support.error_texts import error_texts
from tests.support.golden import check_golden

# Codes that the server's modes will use; no mode that does exists yet.
UNUSED = {"READ_ONLY", "CONFIRMATION_REQUIRED"}
INTERNAL = ("Traceback", "pydantic", ".py", "None", "http://", "errno")


def test_every_error_text_is_golden() -> None:
    found: dict[str, list[dict[str, str]]] = {}
    for text in error_texts():
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
    assert set(BY_CODE) - {text.code for text in error_texts()} == UNUSED


def test_an_error_says_what_to_do() -> None:
    assert not [text for text in error_texts() if not text.fix.strip()]


def test_an_error_shows_nothing_internal() -> None:
    assert not [text for text in error_texts() for word in INTERNAL if word in text.message or word in text.fix]
