"""The words of other tools, and slips of the pen, lead to the command of ours that is meant."""

import re
import shlex

import pytest

from podium.cli import main
from podium.cli.calling.words import ALL_OF, LEADS, NOTES, OF_SERVICE, OPTIONS
from podium.cli.inventory import ALIASES, COMMANDS
from podium.cli.shared.exits import Code
from podium.cli.terminal.saying import COMMAND_OF

MEANT = {
    "kill x": "podium cancel x",
    "kill -9 x": "podium cancel x",
    "kill --filter y x": "podium cancel",  # an option of another tool means something else here
    "ls": "podium list",
    "squeue": "podium list",
    "scancel 'my job'": "podium cancel 'my job'",
    "tail x": "podium logs -f x",
    "attach x": "podium logs -f x",
    "htop": "podium top",
    "inspect x": "podium show x",
    "delete a b": "podium rm a b",
    "prune": "podium rm --ended",
    "sbatch score.yaml": "podium run --detach score.yaml",
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
    "add -- sleep 5": "podium run --detach -- sleep 5",
    "add --after 3 -- make test": "podium run --detach -- make test",
    "add 'sleep 5; date'": "podium run --detach -- 'sleep 5; date'",
    "enqueue": "podium run --detach -- CMD",
    "sbatch job.sh": "podium run --detach -- bash job.sh",
    "nohup python3 a.py": "podium run --detach -- python3 a.py",
    "exec -it box bash": "podium run -- box bash",
    "apply -f score.yaml": "podium run score.yaml",
    "run python3 -m unittest": "podium run -- python3 -m unittest",
    "run --name x python3 a.py": "podium run --name x -- python3 a.py",
    "run --rm -it ubuntu bash": "podium run -- ubuntu bash",
    "run 'make 2>&1 | tee log'": "podium run -- 'make 2>&1 | tee log'",
    "run check.py": "podium run -- python3 check.py",
    "run list": "podium list",
    "run view 7 --log": "podium show",
    "run rerun 7": "podium retry 7",
    "run --background x.yaml": "--detach",
    "workflow run ci.yml": "podium run ci.yml",
    "docker ps": "podium ps",
    "docker container ls": "podium list",
    "job list": "podium list",
    "get pods": "podium list",
    "get job x": "podium show x",
    "describe pod x": "podium show x",
    "scontrol show job 7": "podium show 7",
    "attach -t work": "podium logs -f work",
    "journalctl -u x -f": "podium logs x",
    "new -s work": "podium run --detach -- CMD",
    "new -s work -d htop": "podium run --detach -- htop",
    "new x.yaml": "podium init x.yaml",
    "kill-server": "podium stop",
    "squeue -u me": "podium list",
    "restart podium": "podium stop`, then `podium start",
    "enable --now podium": "podium service install",
    "start podium": "podium start",
    "start app.js": "podium run -- node app.js",
    "status podium.service": "podium status",
    "service enable": "podium service install",
    "service restart": "podium stop`, then `podium start",
    "service remov": "remove",
    "install claude": "claude-code` or `claude-desktop",
    "config get max_sheets": "podium settings max_sheets",
    "files x": "podium call list_artifacts job_id=x",
    "make_no_such x": "",
    "sh -c true": "podium run -- sh -c true",
    "top x": "podium show x",
    "logs --tail 5 x": "-n",
    "rm -f x": "--yes",
    "list -o json": "--json",
    "cancel --all": "podium cancel $(podium list -q --status active)",
    "init myjob": "podium init myjob.yaml",
    "start --hom": "--home",
}


@pytest.mark.parametrize("typed", MEANT)
def test_a_wrong_word_is_told_the_whole_command_that_is_meant(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(shlex.split(typed)) == Code.BAD_INPUT
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("podium: ")
    fix = f"Did you mean `{MEANT[typed]}`?" if MEANT[typed] else "`podium --help` lists the commands."
    assert shown.err.splitlines()[1] == f"        {fix}"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("parallel 4", "`podium settings max_sheets`"),
        ("crontab -e", "let cron run `podium run --detach SCORE.yaml`"),
        ("config set max_sheets 4", "`podium settings` shows the settings file"),
        ("settings set max_sheets 4", "`podium settings` shows the settings file"),
        ("uninstall", "`podium service remove`"),
        ("start -d", "Leave it out"),
        ("start --daemon", "Leave it out"),
        ("cancel -9 x", "Leave it out"),
        ("pause", "`podium list` shows them"),
        ("plan", "`podium init` writes a first one"),
    ],
)
def test_what_has_no_command_of_ours_is_told_in_a_sentence(
    typed: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(shlex.split(typed)) == Code.BAD_INPUT
    assert says in capsys.readouterr().err.splitlines()[1]


@pytest.mark.parametrize("word", ["send", "all", "cron", "port", "at", "list-things", "kill-things"])
def test_a_word_is_never_taken_for_one_that_ends_or_changes_something_else(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word]) == Code.BAD_INPUT
    assert "podium cancel" not in (shown := capsys.readouterr().err)
    assert "podium call" not in shown
    assert "podium report" not in shown


def test_to_restart_without_a_job_is_two_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restart"]) == Code.BAD_INPUT
    assert "`podium stop`, then `podium start`" in capsys.readouterr().err


def test_a_word_that_nothing_is_like_leads_to_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zzzzzz\x1b[31m"]) == Code.BAD_INPUT
    shown = capsys.readouterr().err
    assert shown == "podium: Unknown command 'zzzzzz'.\n        `podium --help` lists the commands.\n"


def test_every_word_leads_to_a_command_that_there_is() -> None:
    meant = {
        *LEADS.values(),
        *(each.split("`")[0] for each in OF_SERVICE.values()),
        *ALIASES.values(),
        *COMMAND_OF.values(),
    }
    assert {words.split()[0] for words in meant} <= set(COMMANDS)
    assert not {*LEADS, *NOTES} & {*COMMANDS, *ALIASES, *COMMAND_OF}
    assert not set(LEADS) & set(NOTES)
    assert {*OPTIONS, *ALL_OF} <= set(COMMANDS)


@pytest.mark.parametrize("command", OPTIONS)
def test_an_option_that_is_led_to_is_one_of_its_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    options = re.findall(r"(?<![\w-])--?[\w-]+", capsys.readouterr().out)
    assert {each.split()[0] for each in OPTIONS[command].values() if each} <= set(options)


@pytest.mark.parametrize("words", [["help", "list"], ["list", "-h"], ["ps", "--help"]])
def test_the_help_of_a_command_has_several_ways(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("Usage: podium list [OPTIONS]\n")


def test_no_command_at_all_shows_what_to_begin_with(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == Code.BAD_INPUT
    assert "podium --help" in capsys.readouterr().out
