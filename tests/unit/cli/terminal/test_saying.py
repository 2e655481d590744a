"""Texts that name tools, as a person types the same."""

import json

import pytest
import typer.main

from podium.cli.app import application
from podium.cli.inventory import COMMANDS
from podium.cli.terminal.saying import COMMAND_OF, OPTIONS, in_commands
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
        ('resume_job(job_id="a", config_path=...)', "`podium resume a --score FILE`"),
        ('modify_job(job_id="a", config_path="new.yaml")', "`podium edit a --score new.yaml`"),
        (
            'clear_jobs(status="failed", older_than_hours=12.5, keep_newest=3, dry_run=false)',
            "`podium rm --ended --status failed --older 12.5h --keep 3 --yes`",
        ),
        (
            'wait_for_job(job_ids=["a-1", "b 2"], timeout_seconds=20, until="any", after="h:7")',
            "`podium wait a-1 'b 2' --timeout 20s --any`",
        ),
        ('read_job_log(job_id="a", sheet="s1", stream="stderr")', "`podium logs a s1 --stderr`"),
        ('start_job(config_path="x y.yaml", dry_run=true)', "`podium validate 'x y.yaml'`"),
        (
            'start_job(config_path="x.yaml", variables=["a=1", "b=2"], self_healing=true)',
            "`podium run x.yaml --set a=1 --set b=2 --self-healing`",
        ),
        ("This conductor does not support from_sheet.", "This conductor does not support --from."),
        (
            "Pass the whole changed score as config_content or config_path.",
            "Pass the whole changed score with --score FILE.",
        ),
        ('describe_score(topic="numbered")', "`podium call describe_score topic=numbered`"),
        ('It ran `cancel_jobs "x"`.', 'It ran `cancel_jobs "x"`.'),
    ],
)
def test_a_tool_call_in_a_text_is_shown_as_the_command_that_does_the_same(said: str, shown: str) -> None:
    assert in_commands(said) == shown


def test_a_text_about_a_job_leads_to_commands_with_its_id() -> None:
    said = 'start_job runs its score again; list_jobs shows it, and resume_job(job_id="b") is another one. explain_job says why.'
    shown = in_commands(said, "a-x5rqa")
    assert shown == (
        "`podium retry a-x5rqa` runs its score again; `podium list` shows it, and `podium resume b` is another one. "
        "`podium explain a-x5rqa` says why."
    )


def test_every_tool_has_its_command() -> None:
    assert set(COMMAND_OF) == {tool.name for tool in ALL_TOOLS}


def test_every_option_that_is_written_is_one_of_its_command() -> None:
    """An option of a command that a text leads to has to exist; a command that is not there yet has none to check."""
    wrong = []
    for tool, options in OPTIONS.items():
        name = COMMAND_OF[tool].split()[0]
        if name not in COMMANDS:
            continue
        written = {word for form in options.values() for word in form.split() if word.startswith("--") and word != "--"}
        made = typer.main.get_command(application(name))
        known = {each for param in made.params for each in [*param.opts, *param.secondary_opts]}
        wrong += [f"podium {name} {each}" for each in sorted(written - known)]
    assert not wrong


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
