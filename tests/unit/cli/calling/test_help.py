"""The help on the screen: one line a command, nothing wider than 80 columns."""

import pytest

from podium.cli import main
from podium.cli.inventory import ALIASES, COMMANDS, GROUPS
from podium.settings import Settings
from tests.support.screens import WIDTHS, check_screen, in_terminal


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("words", [[], ["--help"], ["list", "--help"], ["run", "--help"]], ids=" ".join)
def test_the_help_as_a_terminal_shows_it(words: list[str], columns: int, home: Settings) -> None:
    name = "-".join(["help", *(word for word in words if word != "--help"), *(["short"] if not words else [])])
    check_screen(name, in_terminal(home, *words, columns=columns, in_home=False).screen)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_help_of_a_command_fits_80_columns(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([name, "--help"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert not [line for line in shown if len(line) > 80]


def test_the_help_has_a_line_for_every_command_in_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    groups = [line.removesuffix(":") for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert groups == [*GROUPS, "Options"]
    assert [line.split()[0].removesuffix(",") for line in lines if line.startswith("  ")][: len(COMMANDS)] == list(
        COMMANDS
    )
    assert all(f", {alias} " in "\n".join(lines) for alias in ALIASES)
