"""Texts that name tools, as a person types the same."""

import json

import pytest

from podium.cli.shared.saying import COMMAND_OF, in_commands
from podium_tools import ALL_TOOLS
from tests.support.source_tree import REPOSITORY


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Call list_jobs to see all jobs.", "Run `podium list` to see all jobs."),
        (
            "cancel_job ends it; delete_job removes it.",
            "`podium cancel` ends it; `podium rm` removes it.",
        ),
        ('get_job(job_id="a-x5rqa", detail="score") shows the text.', "`podium show a-x5rqa --score` shows the text."),
        ('Call get_job with job_id=a-x5rqa and detail="full".', "Run `podium show a-x5rqa`."),
        ("Remove it with delete_job and job_id=a-x5rqa, or stop.", "Remove it with `podium rm a-x5rqa`, or stop."),
        ('resume_job(job_id="a-x5rqa", from_sheet="my sheet")', "`podium resume a-x5rqa --from 'my sheet'`"),
        ('resume_job(job_id="a-x5rqa", find=..., replace=...)', "`podium edit a-x5rqa`"),
        ('describe_score(topic="numbered")', "`podium call describe_score topic=numbered`"),
        ('It ran `cancel_jobs "x"`.', 'It ran `cancel_jobs "x"`.'),
    ],
)
def test_a_tool_call_in_a_text_is_shown_as_the_command_that_does_the_same(said: str, shown: str) -> None:
    assert in_commands(said) == shown


def test_every_tool_has_its_command() -> None:
    assert set(COMMAND_OF) == {tool.name for tool in ALL_TOOLS}


def test_no_error_text_of_ours_names_a_tool_once_it_is_shown_to_people() -> None:
    texts = json.loads((REPOSITORY / "tests/golden/error_texts.json").read_text())
    commands = {name for name in COMMAND_OF if COMMAND_OF[name] != f"call {name}"}
    left = [shown for shown in _texts(texts) if any(name in in_commands(shown).split() for name in commands)]
    assert not left


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []
