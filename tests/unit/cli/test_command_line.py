"""The frame of the command line: dispatch, exit codes, and what is imported for what."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from podium import __version__
from podium.cli import LIGHT, WINDOWS, main
from podium.cli.calling.tool_names import given_arguments, tool_named
from podium.cli.inventory import COMMANDS
from podium.contract.pairs import name_and_value


def modules_after(code: str) -> set[str]:
    """Return the names of the modules that a fresh interpreter holds after running `code`."""
    program = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50)
    return set(done.stdout.split())


def test_the_server_loads_what_reads_scores_only_when_the_format_is_asked_for() -> None:
    code = "import podium.mcp.app, podium.mcp.transports.stdio"
    asked = "\nimport anyio; from podium.mcp.calls.pages import read_page; anyio.run(read_page, '')"
    scores = {"podium.reference.page", "podium.score.named.fields"}
    assert not scores & modules_after(code)
    assert scores <= modules_after(code + asked)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"podium {__version__}\n"


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_its_own_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert f"podium {name}" in capsys.readouterr().out


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("list_jobs", "podium list"),
        ("read_artifact", "podium call read_artifact"),
        ("artifacts", "podium call list_artifacts"),
        ("up", "podium start"),
        ("statsu", "podium status"),
    ],
)
def test_an_unknown_command_points_to_the_one_that_is_meant(
    word: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word]) == 2
    assert f"`{meant}`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (["validate_score", "bad.yaml"], "config_path=bad.yaml"),
        (["get_job", "job-1"], "job_id=job-1"),
        (["conductor_status", "now"], "takes no arguments"),
        (["list_jobz"], "Did you mean list_jobs?"),
        (["validate"], "validate_score"),
        (["list_jobs", '{"limit": '], "write the arguments as name=value"),
    ],
)
def test_a_call_that_is_written_wrong_is_told_how_to_write_it(
    words: list[str], fix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["call", *words]) == 2
    assert fix in capsys.readouterr().err


def test_a_call_takes_its_arguments_as_one_json_object_too() -> None:
    tool = tool_named("wait_for_job")
    assert given_arguments(tool, ['{"job_ids": ["a", "b"], "until": "all"}']) == {"job_ids": ["a", "b"], "until": "all"}
    assert given_arguments(tool, ["job_ids=a", "until=all"]) == {"job_ids": "a", "until": "all"}
    assert given_arguments(tool, ["{}"]) == {}


def test_the_tools_are_listed_without_the_protocol_of_the_agents() -> None:
    loaded = modules_after("from podium.cli import main; main(['call'])")
    assert "podium_tools" in loaded
    assert "mcp" not in loaded


def test_an_error_is_printed_with_its_fix_and_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["call", "get_job", "no-equals-sign"]) == 2
    shown = capsys.readouterr().err
    assert "no-equals-sign" in shown
    assert "name=value" in shown


def test_a_setting_that_is_wrong_is_named_as_bad_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODIUM_MAX_SHEETS", "none")
    assert main(["start"]) == 2
    assert "max_sheets" in capsys.readouterr().err


def test_windows_is_told_plainly_that_it_is_not_supported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert main(["status"]) == 1
    assert capsys.readouterr().err.strip() == WINDOWS


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("plan score.yaml --svg", "Option '--svg' requires an argument"),
        ("logs job -n", "Option '-n' requires an argument"),
        ("list --json=yes", "Option '--json' does not take a value"),
        ("list --jsn", "Unknown option '--jsn'"),
    ],
)
def test_an_option_that_lacks_its_value_is_not_called_unknown(
    words: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == 2
    assert what in capsys.readouterr().err


@pytest.mark.parametrize("name", ["run", "plan", "env", "validate"])
def test_an_empty_stdin_is_told_as_a_score_without_text(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    assert main([name, "-", "--home", str(tmp_path)]) == 2
    shown = capsys.readouterr().err
    assert "The text of the score is empty." in shown
    assert "config_content" not in shown


HEAVY = {
    "mcp",
    "rich.console",
    "markdown_it",
    "pygments",
    "yaml",
    "jinja2",
    "uvicorn",
    "psutil",
    "sqlite3",
    "attr",
    "traceback",
}
"""What no command loads that only asks a conductor, where no terminal reads the answer."""


ASKING = (
    "status",
    "list",
    "show x",
    "logs x",
    "wait x",
    "explain x",
    "timeline x",
    "report x",
    "cancel x",
    "rm x",
    "resume x",
)
LOOKING = {"demo", "doctor"}  # at this machine's processes and the conductor's own code


def test_what_comes_before_a_command_loads_no_framework(tmp_path: Path) -> None:
    loaded = loaded_by(tmp_path, [], ["--help"], ["-V"], ["no-such-command"], ["kill", "x"])
    assert not loaded & (HEAVY | {"typer", "pydantic.main", "asyncio", "structlog", "podium.settings"})


def test_commands_that_ask_a_conductor_load_no_more_than_that_takes(tmp_path: Path) -> None:
    loaded = loaded_by(tmp_path, *(line.split() for line in ASKING))
    assert "typer" in loaded
    assert not loaded & {*HEAVY, "podium_tools.inventory"} - {"traceback"}
    assert not {name for name in loaded if name.startswith(("podium.conductor", "podium.reader", "podium.mcp"))}


def test_the_help_of_a_command_loads_no_more_than_that_takes(tmp_path: Path) -> None:
    loaded = loaded_by(tmp_path, *([name, "--help"] for name in COMMANDS if name not in LOOKING))
    assert "podium.client.job_control" in loaded
    assert not loaded & {*HEAVY, "podium_tools.inventory"} - {"traceback"}


def loaded_by(folder: Path, *lines: list[str]) -> set[str]:
    """Return the modules that a fresh process holds after commands, one after another, on a home without a conductor."""
    home = {"PODIUM_HOME": str(folder / "home"), "PODIUM_SOCKET": str(folder / "socket")}
    quiet = "import io, contextlib\nfrom podium.cli import main\nwith contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):"
    return modules_after(
        f"import os\nos.environ.update({home!r})\n{quiet}\n    for line in {list(lines)!r}: main(line)"
    )


def test_long_running_commands_start_without_typer_and_rich() -> None:
    assert LIGHT == ("serve", "start")
    loaded = modules_after(
        "import podium.cli.commands.serve, podium.cli.commands.start, podium.cli, podium.mcp.product"
    )
    assert not loaded & {"typer", "rich", "podium.conductor", "psutil", "jinja2"}


def test_the_conductor_is_loaded_without_the_protocol_of_the_agents() -> None:
    loaded = modules_after(
        "from podium.cli.commands.start import configure_log\nconfigure_log('info')\nimport podium.conductor.daemon"
    )
    assert not loaded & {"mcp", "typer", "rich", "starlette"}


def test_a_name_value_pair_keeps_further_equals_signs() -> None:
    assert name_and_value("pattern=a=b") == ("pattern", "a=b")
    assert name_and_value("name=") == ("name", "")


@pytest.mark.parametrize("text", ["name", "=value", " =value", ""])
def test_what_has_no_name_or_no_equals_sign_is_no_pair(text: str) -> None:
    assert name_and_value(text) is None
