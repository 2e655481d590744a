"""The pages of the reference are what the code says. `PODIUM_UPDATE_GOLDEN=1` writes them anew."""

import os

import pytest

from podium.cli.answers import ANSWERS
from podium.cli.inventory import COMMANDS
from podium.cli.shared.exits import Code
from podium.mcp.calls.arguments import check
from podium_tools import ALL_TOOLS
from tests.support.docs.commands import options
from tests.support.docs.reference import DOCS, FOLDER, PAGES
from tests.support.docs.tools import EXAMPLES
from tests.support.golden import UPDATE


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_reference_is_made_from_the_code(name: str) -> None:
    path, made = FOLDER / name, PAGES[name]()
    if os.environ.get(UPDATE):
        path.parent.mkdir(exist_ok=True)
        path.write_text(made, encoding="utf-8")
    assert path.exists(), f"{name} is missing; `make golden` writes it"
    assert path.read_text(encoding="utf-8") == made, f"{name} is stale; `make golden` writes it anew"


@pytest.mark.parametrize("name", ["json.md", "tools.md"])
def test_every_field_of_an_answer_has_a_meaning(name: str) -> None:
    rows = [line.strip("|").split(" | ") for line in PAGES[name]().splitlines() if line.startswith("| ")]
    head: list[str] = []
    silent = []
    for row in rows:
        cells = [cell.strip() for cell in row]
        head = cells if "meaning" in cells else head
        if "meaning" in head and len(cells) == len(head) and not cells[head.index("meaning")]:
            silent.append(cells[0])
    assert silent == []


def test_no_page_of_the_reference_is_left_that_nothing_makes() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


def test_every_tool_has_an_example_that_the_tool_takes() -> None:
    assert list(EXAMPLES) == [tool.name for tool in ALL_TOOLS]
    for tool in ALL_TOOLS:
        check(tool.name, tool.arguments, EXAMPLES[tool.name])


OF_THE_TOOLS = {"call"}  # with --json it prints a tool's result


def test_every_command_that_has_json_says_what_it_prints() -> None:
    with_json = {name for name in COMMANDS if "--json" in options(name)}
    assert with_json - OF_THE_TOOLS == {name for name in ANSWERS if name in COMMANDS}
    assert {name.split()[0] for name in ANSWERS} <= set(COMMANDS)


def test_the_page_of_exit_codes_has_every_code() -> None:
    text = (DOCS / "exit-codes.md").read_text(encoding="utf-8")
    assert [code.name for code in Code if f"\n| {int(code)} | " not in text] == []
