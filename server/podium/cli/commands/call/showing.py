"""The answer of a tool as a person reads it."""

from typing import Any

import yaml

from podium.cli.terminal.door import data, say


def show(facts: dict[str, Any]) -> None:
    """Print an answer: its summary, and the rest as YAML."""
    facts = {key: value for key, value in facts.items() if value not in ("", [], None)}
    say(str(facts.pop("summary", "")), style="bold")
    if facts:
        data(yaml.dump(facts, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110).rstrip())


def show_error(facts: dict[str, Any]) -> None:
    """Print an error on stderr: its code and message, its fix, and the rest as YAML."""
    say(f"{facts.pop('code')}: {facts.pop('message')}", style="red", stderr=True)
    if fix := facts.pop("fix", ""):
        say(fix, style="bold", stderr=True)
    if rest := {key: value for key, value in facts.items() if value not in ("", [], None, False)}:
        say(yaml.dump(rest, Dumper=_Dumper, sort_keys=False, allow_unicode=True).rstrip(), stderr=True)


class _Dumper(yaml.SafeDumper):
    """YAML for reading: texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
