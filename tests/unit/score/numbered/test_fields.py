"""Every key of the original's configuration reference is honoured, without effect with a note, or refused with a reason."""

from pathlib import Path

import pytest

from tests.support.marianne.fields import Entry, entries, told, whole

CASES = [(entry, score) for entry in entries() for score in entry.written]
IDS = [f"{entry.paths[0]}:{number}" for entry in entries() for number in range(len(entry.written))]


@pytest.mark.parametrize(("entry", "score"), CASES, ids=IDS)
def test_a_key_has_the_answer_of_the_table(entry: Entry, score: str, tmp_path: Path) -> None:
    found = [told(whole(score), path, tmp_path) for path in entry.paths if path.rpartition(".")[2].strip("[]") in score]
    assert {each.answer for each in found} == {entry.answer}, [each.why for each in found]


@pytest.mark.parametrize(
    "entry", [entry for entry in entries() if entry.answer == "honoured"], ids=lambda e: e.paths[0]
)
def test_a_key_that_is_honoured_has_a_test(entry: Entry) -> None:
    assert entry.is_shown


def test_no_key_is_listed_twice() -> None:
    paths = [path for entry in entries() for path in entry.paths]
    assert sorted(paths) == sorted(set(paths))


@pytest.mark.parametrize(
    "entry", [entry for entry in entries() if entry.answer == "honoured"], ids=lambda e: e.paths[0]
)
def test_each_key_that_is_honoured_is_written_in_one_of_its_scores(entry: Entry) -> None:
    assert [name for name in entry.names if not any(f"{name}:" in score for score in entry.written)] == []
