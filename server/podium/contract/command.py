"""One shell command as a job: the score of one sheet that is made of it.

The caller's side writes that score, so that every conductor can take it. Bash gets the command byte for byte: nothing in it is a
template, whatever it looks like. The sheet is strict: it ends at the first command that fails.
"""

import json
import re
from dataclasses import dataclass, fields

from podium.contract.methods import SubmitParams
from podium.errors import InvalidArguments, UnsupportedByConductor

MAX_CHARS = 1024 * 1024
_NAME_WORDS, _NAME_CHARS, _WORD_CHARS = 3, 40, 20
_VARIABLES = re.compile(
    r"\A(?:[A-Za-z_]\w*=(?:'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.|[^\s'\"\\])*\s+)+"
)  # before the program
_PLAIN_WORD = re.compile(r"[A-Za-z0-9._/-]+", re.ASCII)
_PLAIN_TEXT = re.compile(r"[A-Za-z./][\w ./,+-]* [\w ./,+-]*[\w./]", re.ASCII)  # needs no quotes in YAML
_TAG = re.compile(r"\{[{%#]|\r")
_NOT_RAW = re.compile(r"\{%(?=[-+]?\s*endraw)|\r")
_RAW, _END_RAW = "{% raw %}", "{% endraw %}"
_INDENT = "      "


@dataclass(frozen=True)
class CommandParams(SubmitParams):
    """A submit of one shell command in place of a score. It never goes over the wire: see `as_score`.

    `name` is the job's name, "" for one that is made of the command.
    """

    command: str = ""
    name: str = ""


def check_command(request: CommandParams) -> None:
    """Check what can be checked of a command without a conductor.

    Raises:
        InvalidArguments: it is empty or too long, no system could run it, or there are variables, which nothing would use.
    """
    text = request.command
    if not text.strip():
        raise InvalidArguments("command is empty.", fix="Give a shell command.")
    if len(text) > MAX_CHARS:
        raise InvalidArguments(
            f"command has {len(text)} characters, more than {MAX_CHARS}.",
            fix="Write it to a script file, and give the command that runs the file.",
        )
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidArguments(
            "command contains a NUL character or an unpaired surrogate.", fix="Give the command as plain text."
        )
    if request.variables:
        raise InvalidArguments(
            "variables are for the templates of a score, and a command is used as written.",
            fix="Write their values into the command and leave variables out.",
        )


def as_score(request: SubmitParams) -> SubmitParams:
    """Return the request as it goes over the wire: a command as the text of its score."""
    if not isinstance(request, CommandParams):
        return request
    return _with_content(request, named_score(request.command, request.name))


def as_numbered_score(request: SubmitParams, workspace: str) -> SubmitParams:
    """Return the same for a Marianne conductor, whose scores have numbers, and defaults that no command expects.

    Raises:
        UnsupportedByConductor: the command has a `#!` line, which that conductor ignores.
    """
    if not isinstance(request, CommandParams):
        return request
    if request.command.startswith("#!"):
        raise UnsupportedByConductor(
            "This conductor plays every script with bash and ignores the #! line of a command.",
            fix="Write the script to a file, and give the command that runs the file.",
        )
    script = f"set -euo pipefail\n{as_template(request.command)}"
    text = (
        f"name: {_name_of(request.command, request.name)}\n"
        f"instrument: cli\nworkspace: {_quoted(workspace)}\n"
        "sheet: {size: 1, total_items: 1}\n"
        "retry: {max_retries: 1}\n"  # there it means one attempt
        "backend: {timeout_seconds: 31536000}\n"
        f"prompt:\n  template: {_scalar(script)}\n"
    )
    return _with_content(request, text)


def _with_content(request: CommandParams, text: str) -> SubmitParams:
    members = {field.name: getattr(request, field.name) for field in fields(SubmitParams)}
    return SubmitParams(**{**members, "config_content": text})


def named_score(command: str, name: str = "") -> str:
    """Return the score of a job of one sheet that runs the command. A `#!` line at its start says what plays it."""
    name = _name_of(command, name)
    strict = "" if command.startswith("#!") else "    strict: true\n"
    return f"name: {name}\nsheets:\n  - name: {name}\n{strict}    run: {_scalar(as_template(command))}\n"


def _name_of(command: str, name: str) -> str:
    """Return the name of the job and its sheet as YAML."""
    return _quoted(name) if name else job_name(command)


def job_name(command: str) -> str:
    """Return a name made of the first words of a command. Words from an option on are left out, as are values of variables
    and whatever else is no plain word: some may be secrets.
    """
    words: list[str] = []
    line = _VARIABLES.sub("", command.strip().partition("\n")[0][:1000])
    from podium.contract.secrets.beside import without_named_secrets  # noqa: PLC0415  patterns: few commands need them

    for word in without_named_secrets(line).partition("[value of ")[0].split():
        plain = _PLAIN_WORD.fullmatch(word) and not word.startswith("-")
        last = word.rstrip("/").rpartition("/")[2]
        if not plain or len(last) > _WORD_CHARS or len(words) == _NAME_WORDS:
            break
        words.append(last)
    slug = re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower())[:_NAME_CHARS].strip("-")
    plain = slug[:1].isalpha() and slug != "null"  # which YAML takes for no name
    return slug if plain else f"command-{slug}".strip("-")


def as_template(command: str) -> str:
    """Return the template whose result is the command: what would be a tag, or is changed by templates, is marked as text."""
    if not _TAG.search(command):
        return command
    start = "#!" if command.startswith("#!") else ""  # must stay where it is to be seen
    text = _NOT_RAW.sub(lambda found: f"{_END_RAW}{{{{ {_TEXTS[found[0]]} }}}}{_RAW}", command[len(start) :])
    return f"{start}{_RAW}{text}{_END_RAW}"


_TEXTS = {"\r": r"'\r'", "{%": "'{%'"}


def _scalar(text: str) -> str:
    """Return a text as YAML: plain, as a block of lines, or in quotes, so that it is read as it is."""
    if _PLAIN_TEXT.fullmatch(text):
        return text
    if "\n" in text and text == text.strip() and all(char.isprintable() or char in "\n\t" for char in text):
        return "".join(["|-", *(f"\n{_INDENT}{line}" if line else "\n" for line in text.split("\n"))])
    return _quoted(text)


def _quoted(text: str) -> str:
    """Return a text in double quotes. What cannot be seen is escaped: YAML takes some of it for ends of lines."""
    body = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else _escape(ord(char)) for char in body)


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
