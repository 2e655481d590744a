from typing import Any

import pytest

from podium.score.text.document import MAX_DEPTH, DocumentFault, load


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a", "a"), ("'1'", "1"), ("1", 1), ("0x1f", "0x1f"), ("1_000", "1_000"), ("1.50", "1.50"), ("1.5", 1.5),
        ("yes", "yes"), ("true", True), ("True", "True"), ("010", "010"), ("-0", "-0"), ("-3", -3), ("12:30:00", "12:30:00"), ("1e3", "1e3"),
        (".inf", ".inf"), ("0b_", "0b_"), ("99999999999999999999", "99999999999999999999"), ("!!bool no", False), ("!!float 3.10", 3.1), ("~", None), ("", None), ("null", None),
        ("2024-01-02", "2024-01-02"), ("!!str 5", "5"), ("!!int '5'", 5), ("[a, {b: c}]", ["a", {"b": "c"}]), ("<<", "<<"),
        ("|\n  one\n  two\n", "one\ntwo\n"), ("\"t\\tb\"", "t\tb"),
    ],
)  # fmt: skip
def test_a_value_is_a_number_or_a_boolean_only_if_that_prints_as_it_is_written(text: str, value: Any) -> None:
    assert load(f"key: {text}").root == {"key": value}


def test_keys_that_yaml_takes_for_something_else_are_names() -> None:
    assert load("on: 1\nNULL: 2\nno: 3\n4: 4\n4.5: 5\n04: 6\n").root == {
        "on": 1, "NULL": 2, "no": 3, 4: 4, "4.5": 5, "04": 6,
    }  # fmt: skip


def test_keys_and_values_are_found_again_by_line_and_column() -> None:
    document = load("name: x\nsheets:\n  - run: a\n    env: {A: 1, B: '2'}\n")
    assert document.locate(("name",)) == (1, 7)
    assert document.locate(("sheets", 0, "run"), key=True) == (3, 5)
    assert document.locate(("sheets", 0, "env", "B")) == (4, 20)
    assert document.locate(("sheets", 0, "env", "B"), key=True) == (4, 17)


def test_a_place_that_is_not_there_is_the_nearest_one_around_it() -> None:
    document = load("name: x\nsheets:\n  - run: a\n")
    assert document.locate(("sheets", 0, "retry", "max_retries")) == (3, 5)
    assert document.locate(("sheets", 7), key=True) == (3, 3)
    assert document.locate(("workspace",)) == (1, 1)


def test_a_line_inside_a_literal_block_is_found() -> None:
    document = load("run: |\n  one\n    two\nother: 'a\n  b'\n")
    assert document.locate_text(("run",), 2) == (3, 5)
    assert document.locate_text(("other",), 2) == (4, 8)


def test_every_value_can_be_had_as_it_is_written_also_through_an_alias() -> None:
    document = load("x: [&a ~, &b 3.10]\nenv: {A: 1.10, B: 007, C: true, D: null, E: , F: *a, G: *b}")
    texts = {key: document.text_of(("env", key), value) for key, value in document.root["env"].items()}
    assert texts == {"A": "1.10", "B": "007", "C": "true", "D": "null", "E": "", "F": "~", "G": "3.10"}


def test_what_yaml_reads_differently_is_known_by_its_place() -> None:
    document = load("a: [3.10, 3.5, 'no', no, 2024-01-02, y]\nb: 12:30:00\nc: .inf\nno: 0x1f\n")
    assert document.reread == {(1, 5): "3.1", (1, 22): "false", (2, 4): "45000", (3, 4): "a number", (4, 5): "31"}


def test_aliases_and_merge_keys_bring_values_and_their_places() -> None:
    document = load("base: &b {run: a, name: n}\nother: {<<: *b, name: m}\nlist: {<<: [*b, {x: 1}]}\nsame: *b\n")
    assert document.root["other"] == {"run": "a", "name": "m"}
    assert document.root["list"] == {"run": "a", "name": "n", "x": 1}
    assert document.root["same"] == document.root["base"]
    assert document.locate(("other", "run")) == (1, 16)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "the document is empty"),
        ("# only a comment\n", 1, 1, "the document is empty"),
        ("a: 1\nb: 2\na: 3\n", 3, 1, "the key 'a' appears twice"),
        ("1: a\n1: b\n", 2, 1, "the key '1' appears twice"),
        ("a: {<<: {x: 1}, <<: {y: 2}}", 1, 17, "the key '<<' appears twice"),
        ("a: 1\n---\nb: 2\n", 2, 1, "a second document begins here"),
        ("a: !!python/object:os.system {}", 1, 4, "tag !!python/object:os.system is not allowed"),
        ("a: !mine b", 1, 4, "tag !mine is not allowed"),
        ("a: !!set {b, c}", 1, 4, "tag !!set is not allowed"),
        ("a: !!binary aGk=", 1, 4, "tag !!binary is not allowed"),
        ("a: !!int b", 1, 4, "'b' does not match its type !!int"),
        ("a: !!int 0b_", 1, 4, "'0b_' does not match its type !!int"),
        ("a: !!float .inf", 1, 4, ".inf is not a finite number"),
        ("a: !!int 99999999999999999999", 1, 4, "more than 64 bits"),
        ("a: *b", 1, 4, "alias *b has no anchor before it"),
        ("a: &a [*a]", 1, 8, "alias *a has no anchor before it"),
        ("? [a]\n: b", 1, 3, "a key is a single value"),
        ("<<: 5", 1, 1, "<< takes a mapping"),
        ("a: b: c", 1, 5, "not YAML"),
        ("a: [b\n", 2, 1, "not YAML"),
        ("a:\n\t- b", 2, 1, "not YAML"),
        ("a: b\nc: \x07", 2, 4, "control character"),
        ('a: "\\0"', 1, 4, "NUL"),
        ("[" * 500, 1, MAX_DEPTH + 1, "nested deeper than 50 levels"),
        ("{" * 500, 1, MAX_DEPTH + 1, "nested deeper than 50 levels"),
    ],
)
def test_what_cannot_be_a_score_is_refused_at_its_place(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(DocumentFault) as caught:
        load(text)
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize("bracket", ["[", "{"])
def test_what_is_nested_absurdly_deep_is_refused_for_that(bracket: str) -> None:
    with pytest.raises(DocumentFault, match="nested deeper than 50 levels"):
        load(bracket * 100_000)


def test_aliases_of_aliases_are_counted_before_they_fill_the_memory() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(DocumentFault, match="counting aliases each time they are used"):
        load("\n".join(levels))
