"""The manual page, from the same commands as the help: `docs/podium.1`, which the wheel brings along."""

import re

from podium.cli.calling.overview import ABOUT, OPTIONS
from podium.cli.inventory import ALIASES, GROUPS
from podium.settings import Settings, variable_of
from tests.support.docs.commands import Option, called
from tests.support.source_tree import REPOSITORY

PAGE = REPOSITORY / "docs" / "podium.1"
_COMMON = ("--home", "--socket", "--json")  # of nearly every command: told once
_CODE_ROW = re.compile(r"^\| ([^|]+?) \| (.+?) \|$", re.MULTILINE)
_VARIABLES = {
    "PODIUM_CONFIG": "the settings file",
    "NO_COLOR": "if it is set, nothing is shown in colour",
    "FORCE_COLOR": "if it is set, colours are used where no terminal reads the output too",
    "COLUMNS": "how wide the output is",
    "VISUAL, EDITOR": "the editor of `podium edit`",
    "TZ": "the zone in which times are shown",
}
_FILES = {
    "~/.config/podium/podium.yaml": "the settings file, one setting a line: `max_sheets: 8`",
    "~/.local/state/podium": "the home: jobs, logs, the conductor's log. On a Mac both are below `~/Library/Application Support`.",
}


def man_page() -> str:
    """Return the page in the language of man(7)."""
    parts = [
        '.\\" Made from the code: `make golden` writes this page. Do not edit it.',
        '.TH PODIUM 1 "" "Podium" "Podium"',
        *_section("NAME", "podium \\- run long jobs under a conductor"),
        *_section("SYNOPSIS", ".B podium\n.I COMMAND\n.RI [ ARGUMENTS ]"),
        *_section("DESCRIPTION", _text(ABOUT), ".PP", _text(_JOBS)),
        *_section("OPTIONS", *(part for flags, says in OPTIONS.items() for part in _entry(flags, says))),
        *(part for flags, says in _common().items() for part in _entry(flags, f"{says} (most commands)")),
    ]
    for group, commands in GROUPS.items():
        parts += _section(group.upper())
        for name in commands:
            parts += _command(name)
    codes = (part for code, says in _exit_codes().items() for part in _entry(code, says))
    settings = {variable_of(name): field.description or "" for name, field in Settings.model_fields.items()}
    parts += _section("EXIT STATUS", *codes)
    parts += _section("ENVIRONMENT", *_entries({**settings, **_VARIABLES}))
    parts += _section("FILES", *_entries(_FILES))
    parts += _section("SEE ALSO", ".BR systemctl (1),", ".BR launchctl (1)")
    return "\n".join(parts) + "\n"


_JOBS = (
    "A JOB is its id, a beginning of it that no other id has, or its name if one job has it. `podium completion` lets a shell "
    "complete all of this."
)


def _section(title: str, *parts: str) -> list[str]:
    return [f".SH {title}", *parts]


def _command(name: str) -> list[str]:
    found = called(name)
    parts = [f".SS {_letters(found.usage)}", _text(found.does)]
    if other := [alias for alias, meant in ALIASES.items() if meant == name]:
        parts += [".PP", _text(f"`podium {other[0]}` is the same.")]
    for option in found.options:
        if not option.form.startswith(_COMMON):
            parts += _entry(option.form, option.meaning + (f" (default: {option.default})" if option.default else ""))
    return parts


def _common() -> dict[str, str]:
    """Return the options that are told once, as a command has them that has all of them."""
    options: list[Option] = [each for each in called("status").options if each.form.startswith(_COMMON)]
    return {each.form: each.meaning for each in options}


def _exit_codes() -> dict[str, str]:
    rows = dict(_CODE_ROW.findall((REPOSITORY / "docs" / "exit-codes.md").read_text(encoding="utf-8")))
    meanings = {code: says.partition(" | ") for code, says in rows.items() if code not in {"code", "---"}}
    return {code: f"{what}: {_plain(where)}" for code, (what, _, where) in meanings.items()}


def _plain(markdown: str) -> str:
    return markdown.replace("**", "").replace("\\|", "|")


def _entries(table: dict[str, str]) -> list[str]:
    return [part for name, says in table.items() for part in _entry(name, says)]


def _entry(name: str, says: str) -> list[str]:
    return [".TP", f".B {_letters(name)}", _text(says)] if says else [".TP", f".B {_letters(name)}", r"\&"]


def _text(text: str) -> str:
    """Return prose: code between backticks in bold, and no line that begins like a request."""
    parts = re.split(r"`([^`]+)`", " ".join(text.split()))
    made = "".join(rf"\fB{_letters(part)}\fR" if number % 2 else _letters(part) for number, part in enumerate(parts))
    return rf"\&{made}" if made.startswith((".", "'")) else made


def _letters(text: str) -> str:
    """Return letters as they stand there: a minus stays one, and what is not ASCII is named."""
    signs = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "^": r"\(ha", "~": r"\(ti", '"': r"\(dq"}
    return "".join(signs.get(letter) or (letter if letter.isascii() else rf"\[u{ord(letter):04X}]") for letter in text)
