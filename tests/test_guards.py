"""The table of guards fits the source: each place is found once, and each test exists. `make guards` takes them out."""

import pytest

from tests.guards.__main__ import Guard, guards
from tests.support.source_tree import REPOSITORY


@pytest.mark.parametrize("guard", guards(()), ids=lambda guard: guard.attack)
def test_each_guard_in_the_table_is_where_it_says_and_has_its_test(guard: Guard) -> None:
    for edit in guard.edits:
        assert (REPOSITORY / edit.file).read_text("utf-8").count(edit.text) == 1, edit.file
    file, name = guard.test.partition("[")[0].split("::")
    assert f"def {name}(" in (REPOSITORY / file).read_text("utf-8")
