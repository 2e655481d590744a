"""A command as a job: whatever it looks like, the sheet's script is the command byte for byte."""

from pathlib import Path

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from podium.contract.command import CommandParams, as_numbered_score, as_score, job_name, named_score
from podium.score.compile import compile_score
from podium.score.model.plan import Plan
from podium.score.templates.render import render_script

_TAGS = (
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "{%- raw -%}",
    "{%endraw%}",
    "{%- endraw",
    "{%\tendraw",
    "raw",
    "{{{",
    "${#a}",
    "{",
    "}",
)
_YAML = (
    "---",
    "...",
    "#",
    ": ",
    "|",
    ">",
    "&",
    "*",
    "!",
    "%",
    "@",
    "~",
    "[",
    "]",
    ",",
    "? ",
    "null",
    "true",
    "3.10",
    "\n---\n",
)
_SHELL = ("`", "'", '"', "\\", "\\n", "#!", "$HOME", "=", "npm", "test", "echo")
_BLANKS = (" ", "  ", "\n", "\n\n", "\n  ", " \n", "\n\t", "\t", "\r", "\r\n", "\x0b", "\x85", "\u2028")
_OTHER = ("\x1b", "\x7f", "\ufeff", "\u200b", "é", "😀")
_PIECES = st.sampled_from([*_TAGS, *_YAML, *_SHELL, *_BLANKS, *_OTHER])
COMMANDS = st.one_of(
    st.lists(_PIECES, min_size=1, max_size=20).map("".join),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
).filter(lambda text: text.strip() and not text.startswith(("#!", "\ufeff")))


def _plan(command: str) -> Plan:
    return compile_score(named_score(command), path=None, cwd=Path("/srv"), profiles={})


def _script(plan: Plan) -> str:
    return render_script(plan, plan.sheets[0], workspace="/srv", previous_outputs={})


@given(COMMANDS)
@example("docker ps --format '{{.Names}}'")
@example("echo '{% endraw %}' '{%-endraw-%}' {%+ endraw %}{")
@example("{% raw %}{{ x }}{% endraw %}")
@example("echo a\r\necho b\r")
@example("  \n\techo padded \n\n")
@example("null")
@example("---\n- x: {\n")
@example("echo ${#PATH}")
@example("x" * 10_000 + "\n{{")
def test_the_script_is_the_command_and_bash_is_strict(command: str) -> None:
    plan = _plan(command)
    assert _script(plan) == command
    assert [sheet.strict for sheet in plan.sheets] == [True]
    assert plan.sheets[0].label.endswith(plan.name)
    assert plan.warnings == () or command.lstrip().startswith("#!")


@given(st.lists(_PIECES, max_size=20).map("".join))
@example("{{ x }}\r\n{% endraw %}")
def test_a_first_line_that_names_a_program_stays_the_first_line(rest: str) -> None:
    command = f"#!/usr/bin/env python3\n{rest}"
    plan = _plan(command)
    assert _script(plan) == command
    assert not plan.sheets[0].strict


@given(COMMANDS)
def test_a_marianne_conductor_gets_the_same_command(command: str) -> None:
    request = as_numbered_score(CommandParams(command=command), "/srv/{{ a 'b")
    read = yaml.safe_load(request.config_content or "")
    assert read["workspace"] == "/srv/{{ a 'b"
    plan = compile_score(request.config_content or "", path=None, cwd=Path("/srv"), profiles={"cli": {}})
    assert _script(plan) == f"set -euo pipefail\n{command}"


@given(COMMANDS)
def test_a_name_is_short_and_has_plain_letters_only(command: str) -> None:
    name = job_name(command)
    assert 0 < len(name) <= 50
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert name[0].isalpha()
    assert as_score(CommandParams(command=command)).config_content == named_score(command)
