"""Texts that are used as written although something in them looks as if it were filled in."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from podium.contract.secrets.names import is_secret_name
from podium.score.model.context import double_braces
from podium.score.model.draft import Draft, Stage
from podium.score.text.document import Loc
from podium.score.text.problems import Problems

_SHELL = re.compile(r"(?<!\$)\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*[^}]*\}|\([^)]*\)?)|`[^`]+`|^~(?=/|$)")
_WHOLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_PLAIN = re.compile(r"\$\{?[A-Z_][A-Z0-9_]*\}?")  # a reference beyond doubt, not a password that begins with $
_TAG = re.compile(r"\{%-?\s*(?:if|for|set)\b")
_WILDCARD = re.compile(r"[*?]|\{[^{}]*(?:,|\.\.)[^{}]*\}")
_LISTED, _SHOWN = 3, 40


def of_the_shell(text: str) -> list[str]:
    """Return what a shell would fill in, such as `$NAME`; at most a few of them."""
    found = dict.fromkeys(match[0][:_SHOWN] for match in _SHELL.finditer(text))
    return list(found)[:_LISTED]


def may_be_secret(name: str, value: str) -> bool:
    """Return whether a variable's value may be a secret with a `$` in it, of which no part is to be quoted."""
    return is_secret_name(name) and not _PLAIN.fullmatch(value)


def instead_of_shell(name: str, value: str) -> str:
    """Return what to write for an environment variable in place of what only a shell fills in."""
    whole = None if may_be_secret(name, value) else _WHOLE.fullmatch(value)
    return f" Write {{from_env: {whole[1]}}} instead." if whole else f" Set it in run instead: export {name[:80]}=..."


def note_shell_words(
    problems: Problems, what: str, text: str, loc: Loc, instead: str = "", *, is_secret: bool = False
) -> None:
    """Note what a shell would fill in; of a secret nothing is quoted."""
    if found := of_the_shell(text):
        quoted = "anything in it" if is_secret else ", ".join(found)
        problems.note(f"{what} is used as written: no shell fills in {quoted}.{instead}", loc)


def note_pattern(problems: Problems, path: str, loc: Loc) -> None:
    """Note a path with the wildcards of a shell."""
    if _WILDCARD.search(path):
        problems.note(
            f"the path {path[:_SHOWN]!r} is looked for as written, with *, ? and {{}} as letters; to look for a pattern, "
            "use command_succeeds with ls.",
            loc,
        )


def note_templates(problems: Problems, draft: Draft, variables: Mapping[str, Any]) -> None:
    """Note templates in the values of variables, in names, descriptions and settings, none of which are filled in."""
    for name, value in draft.variables.items():
        for text, loc in _texts(value, (*draft.variables_loc, name)):
            _note_template(problems, f"the value of variable {name[:_SHOWN]}", text, variables, loc)
    for text, loc in ((draft.name, ("name",)), (draft.description, ("description",))):
        _note_template(problems, f"the {loc[0]} of the score", text, variables, loc)
    for stage in draft.stages:
        _note_stage(problems, stage, variables)


def _note_stage(problems: Problems, stage: Stage, variables: Mapping[str, Any]) -> None:
    own = {**variables, **stage.instances[0].variables}
    for key, text in (("name", stage.name), ("description", stage.description), ("hold", stage.hold)):
        _note_template(problems, f"the {key} of a sheet", text, own, (*stage.loc, key))
    for name, value in stage.instance_values():
        for text, _ in _texts(value, ()):
            _note_template(problems, f"an item of foreach, {name[:_SHOWN]},", text, own, (*stage.loc, "foreach"))
    for name, value in stage.play.config.items():
        for text, _ in _texts(value, ()):
            where = (*stage.loc, "instrument_config", name)
            _note_template(problems, f"the setting {name[:_SHOWN]} of the instrument", text, own, where)


def _note_template(problems: Problems, what: str, text: str, variables: Mapping[str, Any], loc: Loc) -> None:
    found = [f"{{{{ {name} }}}}" for name in dict.fromkeys(double_braces(text, variables))][:_LISTED]
    found += [match[0] for match in [_TAG.search(text)] if match]
    if found:
        problems.note(f"{what} is used as written, without filling in {', '.join(found)}.", loc)


def _texts(value: Any, loc: Loc) -> Iterator[tuple[str, Loc]]:
    """Yield each text in a value, with its place."""
    if isinstance(value, str):
        yield value, loc
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(inner, (*loc, key))
