"""Which topic of `describe_score` explains what a problem is about, by the keys on the path to it."""

from collections.abc import Mapping, Sequence
from typing import Any

from podium.score.text.document import Loc


def _topics(**keys: str) -> dict[str, str]:
    return {key: topic for topic, listed in keys.items() for key in listed.split()}


_OF_KEY: Mapping[str, str] = _topics(
    score="on_end",
    sheets="sheets name description run strict command script",
    order="needs parallel pause_between_sheets_seconds fail_fast max_concurrent",
    foreach="foreach",
    templates="prompt prompt_file cross_sheet template",
    variables="variables",
    validations="validate file_exists file_modified content_contains content_regex command_succeeds",
    retry="retry max_retries base_delay_seconds on_lost",
    limits="timeout_seconds",
    resources="resources engine",
    instruments="instrument instrument_config instrument_fallbacks success_requirements",
    env="env env_pass",
    workspace="workspace",
    conditions="skip_when skip_when_command condition",
    hold="hold",
)


def topic_of_key(key: str) -> str:
    """Return the topic that explains a key of a named score, "" for none."""
    return _OF_KEY.get(key, "")


def topic_of(loc: Loc, root: Any, *, is_template: bool = False) -> str:
    """Return the topic for a problem at `loc` in the score `root`: that of the innermost key which has one."""
    if isinstance(root, dict) and "sheet" in root and "sheets" not in root:
        return "numbered"
    if is_template:
        return "templates"
    if loc[:1] == ("on_end",):  # its run is not that of a sheet
        return topic_of_key("on_end")
    found = (topic_of_key(part) for part in reversed(loc) if isinstance(part, str))
    return next(filter(None, found), "sheets")


def explained(topics: Sequence[str]) -> str:
    """Return the sentence that names the call which explains the most frequent of these topics, the first one of several."""
    topic = max(topics, key=topics.count, default="")
    return f'describe_score(topic="{topic}") explains how.' if topic else "describe_score() explains the format."
