"""The table of strangers' situations: each row has a sentence, a source of the usual form or none, and a test that exists."""

import re
from typing import NamedTuple

from tests.test_requirements import TESTS, existing

TABLE = TESTS / "STRANGERS.md"
SECTIONS = ["Clients", "Locks", "What people and agents read", "Scores", "Own hunt"]
HEAD = ["| situation, and what is right | source | test |", "|---|---|---|"]
REPORT = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9._-]+#[1-9][0-9]*"
CELLS = re.compile(r"(?<!\\)\|")  # `\|` is a bar inside a cell


class Row(NamedTuple):
    """One line of the table."""

    section: str
    situation: str
    source: str
    test: str


def sections() -> dict[str, list[str]]:
    """Return the lines of each section, without empty ones."""
    _, *parts = TABLE.read_text(encoding="utf-8").split("\n## ")
    split = (part.partition("\n") for part in parts)
    return {title: [line for line in text.splitlines() if line] for title, _, text in split}


def rows() -> list[Row]:
    """Return all rows in their order. A line of another form is a row with the wrong number of cells."""
    lines = [(title, line) for title, text in sections().items() for line in text[len(HEAD) :]]
    cells = [(title, [cell.strip() for cell in CELLS.split(line)[1:-1]]) for title, line in lines]
    return [Row(title, *each) if len(each) == 3 else Row(title, " | ".join(each), "", "") for title, each in cells]


ROWS = rows()


def test_every_section_is_there_and_begins_with_the_head_of_the_table() -> None:
    found = sections()
    assert list(found) == SECTIONS
    assert [lines[: len(HEAD)] for lines in found.values()] == [HEAD] * len(SECTIONS)


def test_a_row_has_a_sentence_a_source_and_a_test_that_exists() -> None:
    for row in ROWS:
        assert row.situation.endswith("."), row
        assert row.source == "-" or re.fullmatch(rf"{REPORT}(, {REPORT})*", row.source), row
        assert row.test.startswith("tests/"), row
        assert row.test.removeprefix("tests/") in existing(), row
        assert "::" in row.test, row


def test_no_situation_stands_there_twice() -> None:
    situations = [row.situation for row in ROWS]
    assert sorted(situations) == sorted(set(situations))


def test_the_own_hunt_has_many_public_reports() -> None:
    reports = {row.source for row in ROWS if row.section == "Own hunt" and row.source != "-"}
    assert len(reports) >= 25
