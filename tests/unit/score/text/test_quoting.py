"""A problem quotes its line, without secrets and nothing hidden, and names the topic that explains it."""

import pytest

from podium.contract.topics import TOPICS
from podium.contract.weight import tokens_at_most
from podium.errors import ScoreInvalid
from podium.score.named.fields import NamedCheck, NamedScore, NamedSheet
from podium.score.text import topics
from podium.score.text.quoting import SHOWN, Quotes
from podium.score.text.reading import keys_of
from tests.unit.score.helpers import compiled, numbered, only, problems, sheets

SECRET = "hunter2-Xy9"


def error_of(text: str) -> ScoreInvalid:
    with pytest.raises(ScoreInvalid) as caught:
        compiled(text)
    return caught.value


def test_a_problem_quotes_its_line() -> None:
    assert only("name: demo\nsheets:\n  - name: one\n    run: make\n    rnu:   pytest -q\n")["text"] == "rnu: pytest -q"


def test_a_line_is_quoted_once() -> None:
    found = problems(sheets("{rnu: x, retires: 2}", "{run: y, nees: [x]}"))
    assert [each["text"] for each in found] == ["- {rnu: x, retires: 2}", "", "", "- {run: y, nees: [x]}"]


def test_a_text_that_is_not_yaml_is_quoted_where_reading_ends() -> None:
    found = error_of("name: demo\nsheets:\n- run: a: b\n")
    assert found.facts["problems"][0]["text"] == "- run: a: b"
    assert found.fix.endswith("describe_score() explains the format.")


@pytest.mark.parametrize(
    "text",
    [
        f"name: demo\nenv: {{API_KEY: {SECRET}, X: [1]}}\nsheets: [{{run: x}}]\n",
        f"name: demo\nenv: [API_KEY={SECRET}]\nsheets: [{{run: x}}]\n",
        f"name: demo\nenv: API_KEY={SECRET}\nsheets: [{{run: x}}]\n",
        f"name: demo\nenv:\n  - name: API_KEY\n    value: {SECRET}\nsheets: [{{run: x}}]\n",
        f"name: demo\nsheets:\n- {{rnu: x --token {SECRET}}}\n",
        f"name: demo\nsheets:\n- {{run: x, needs: [API_KEY={SECRET}]}}\n",
        f"name: demo\nsecrets: {{password: {SECRET}}}\nsheets: [{{run: x}}]\n",
        f"name: demo\nenv:\n  TOKEN: '{SECRET}\nsheets: [{{run: x}}]\n",
        f"name: demo\nenv:\n  API_KEY: {SECRET}\n  API_KEY: {SECRET}\nsheets: [{{run: x}}]\n",
        f"name: demo\nenv:\n  PASSWORD: |\n    {SECRET}\n   x\nsheets: [{{run: x}}]\n",
        f"name: demo\nvars: {{db: 'postgres://me:{SECRET}@db/x'}}\nsheets: [{{run: x}}]\n",
        f"name: demo\nsheets:\n- {{run: x, env: {{TOKEN: {SECRET}}}, timeout_seconds: {SECRET}}}\n",
    ],
)
def test_no_part_of_an_error_repeats_a_secret(text: str) -> None:
    error = error_of(text)
    assert SECRET not in f"{error.message} {error.fix} {error.facts}"


def test_a_long_line_is_quoted_around_the_place() -> None:
    line = "- {run: " + "a" * 500 + ", rnu: x, env: {" + ", ".join(f"A{number}: b" for number in range(99)) + "}}"
    text = only(f"name: demo\nsheets:\n{line}\n")["text"]
    assert "rnu: x" in text
    assert (text[0], text[-1]) == ("…", "…")
    assert len(text) == SHOWN + 2


def test_what_cannot_be_seen_is_not_quoted() -> None:
    assert Quotes("a: \u202eb\u200b\tc\x1b[31m").line(1, 1) == "a: b c"
    assert Quotes("a").line(0, 0) == Quotes("a").line(2, 1) == ""


def test_a_hundred_problems_with_long_lines_stay_bounded() -> None:
    lines = "".join(f"- {{run: x, k{number}: {'é' * 300}}}\n" for number in range(150))
    error = error_of(f"name: demo\nsheets:\n{lines}")
    found = error.facts["problems"]
    assert len(found) == 100
    assert all(tokens_at_most(each["text"]) <= 2 * SHOWN for each in found)


@pytest.mark.parametrize(
    ("entry", "topic"),
    [
        ("{run: x, retry: 2}", "retry"),
        ("{run: x, needs: y}", "order"),
        ("{run: x, retry: {attempts: 2}}", "retry"),
        ("{run: x, validate: x}", "validations"),
        ("{run: x, validate: [{exists: f}]}", "validations"),
        ("{run: '{{ x }}'}", "templates"),
        ("{run: x, foreach: a}", "foreach"),
        ("{run: x, skip_when: '1 +'}", "conditions"),
        ("{run: x, env: [1]}", "env"),
        ("{prompt: x}", "sheets"),
    ],
)
def test_a_problem_names_the_topic_that_explains_it(entry: str, topic: str) -> None:
    error = error_of(sheets(entry))
    assert {each["topic"] for each in error.facts["problems"]} == {topic}
    assert error.fix.endswith(f'describe_score(topic="{topic}") explains how.')


def test_the_fix_names_the_topic_of_most_problems() -> None:
    error = error_of(sheets("{run: x, needs: [a]}", "{run: x, retry: 1}", "{run: x, retry: 2}"))
    assert 'describe_score(topic="retry")' in error.fix


def test_a_numbered_score_has_a_topic_of_its_own() -> None:
    assert only(numbered("env: {A: b}"))["topic"] == "numbered"


def test_each_key_of_a_named_score_has_a_topic_that_exists() -> None:
    keys = {key for model in (NamedScore, NamedSheet, NamedCheck) for key in keys_of(model)}
    assert {topics.topic_of_key(key) for key in keys} <= {*TOPICS}
