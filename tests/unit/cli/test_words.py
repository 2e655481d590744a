"""The words of other tools, and slips of the pen, lead to the command of ours that is meant."""

import shlex

import pytest

from podium.cli import main
from podium.cli.calling.words import LEADS
from podium.cli.inventory import ALIASES, COMMANDS
from podium.cli.shared.exits import Code
from podium.cli.terminal.saying import COMMAND_OF

MEANT = {
    "kill x": "podium cancel x",
    "kill -9 x": "podium cancel",  # an option of another tool means something else here
    "ls": "podium list",
    "squeue": "podium list",
    "scancel 'my job'": "podium cancel 'my job'",
    "tail x": "podium logs -f x",
    "attach x": "podium logs -f x",
    "htop": "podium top",
    "inspect x": "podium show x",
    "delete a b": "podium rm a b",
    "prune": "podium rm --ended",
    "sbatch score.yaml": "podium run score.yaml",
    "up": "podium start",
    "down": "podium stop",
    "restart x": "podium retry x",
    "get_job": "podium show",
    "read_artifact": "podium call read_artifact",
    "artifacts": "podium call list_artifacts",
    "lgos -f x": "podium logs -f x",
    "statsu": "podium status",
    "stop x": "podium cancel x",
    "stop --home /tmp/h x": "podium cancel x",
    "status x": "podium show x",
    "start score.yaml": "podium run score.yaml",
    "start x": "podium resume x",
    "status --jsn": "--json",
    "start --hom": "--home",
}


@pytest.mark.parametrize("typed", MEANT)
def test_a_wrong_word_is_told_the_whole_command_that_is_meant(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(shlex.split(typed)) == Code.BAD_INPUT
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("podium: ")
    assert shown.err.splitlines()[1] == f"        Did you mean `{MEANT[typed]}`?"


def test_to_restart_without_a_job_is_two_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restart"]) == Code.BAD_INPUT
    assert "`podium stop`, then `podium start`" in capsys.readouterr().err


def test_a_word_that_nothing_is_like_leads_to_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zzzzzz\x1b[31m"]) == Code.BAD_INPUT
    shown = capsys.readouterr().err
    assert shown == "podium: Unknown command 'zzzzzz'.\n        `podium --help` lists the commands.\n"


def test_every_word_leads_to_a_command_that_there_is() -> None:
    meant = {*LEADS.values(), *ALIASES.values(), *COMMAND_OF.values()}
    assert {words.split()[0] for words in meant} <= set(COMMANDS)
    assert not set(LEADS) & {*COMMANDS, *ALIASES, *COMMAND_OF}


@pytest.mark.parametrize("words", [["help", "list"], ["list", "-h"], ["ps", "--help"]])
def test_the_help_of_a_command_has_several_ways(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("Usage: podium list [OPTIONS]\n")


def test_no_command_at_all_shows_what_to_begin_with(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == Code.BAD_INPUT
    assert "podium --help" in capsys.readouterr().out
