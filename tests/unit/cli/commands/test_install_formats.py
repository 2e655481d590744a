"""A client's file keeps every character that is not our entry's, in each of the three languages."""

from typing import Any

import json5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.cli.commands.install.formats import Format, json_text
from podium.cli.commands.install.formats.json_text import JsonText
from podium.cli.commands.install.formats.toml_text import TomlText
from podium.cli.commands.install.formats.yaml_text import YamlText

ENTRY = {"command": "/a b/podium", "args": ["serve", "--home", "/é"], "env": {"PODIUM_CONFIG": "/x"}}
JSON = ("mcpServers", "podium")
YAML = ("extensions", "podium")
TOML = ("mcp_servers", "podium")

JSON_TEXTS = [
    "{}",
    '{"a": 1}',
    '{"mcpServers": {"o": {"command": "x"}}}',
    '{\n\t"mcpServers": {\n\t\t"o": {"command": "x"} // note\n\t}\n}',
    '// top\r\n{\r\n    "mcpServers": {\r\n        "o": {}, // tr\r\n        /* end */\r\n    },\r\n    "ü": "\\u00e9 é 😀",\r\n}\r\n',
    '{\n  "mcpServers": {\n    "o": {}\n    // last words\n  },\n  "z": [1,2,],\n}\n\n\n',
    '{"mcpServers": {"o": 1} /* x */ , /* y */ }',
    "{mcpServers: {'o': 1}, b: 0x10, c: 1.10, d: 12345678901234567890123}",
    '{"line": "a\u2028b", "same": 1, "same": 2}',
    '{"x": {"mcpServers": {"podium": 1}}}',
    '{\n  "a": "http://x", "mcpServers": {"u": "http://y"}}',
    '{"a":1 // c\n}',
    "{ // c\n}",
    '{"a":1, // c\n "b":2 // d\n}',
]
YAML_TEXTS = [
    "",
    "# c\n",
    "---\n",
    "extensions: # mine\n# next\n",
    "a: 1",
    "extensions:\n  dev:\n    enabled: true\n    args: [x]  # y\n\n# tail\nb: 2\n",
    "extensions:\r\n    dev:\r\n        cmd: x\r\n        d: |\r\n          text\r\n          more\r\nother: 1\r\n",
    '{"extensions": {"a": {"b": 1}}, "c": 2}',
    "extensions: {a: {b: 1}}\nc: é 😀\n",
    "extensions:\n  dev:\n    args:\n    - x\n    - y",
    "a: &x {b: 1}\nextensions:\n  d: *x\n",
    "x: |\n  keep\n\n\n",
    "x: >+\n  keep\n\n\n",
    "%YAML 1.1\n---\na: 1\n",
    "extensions:\n  a: {\n    b: 1\n  }\n",
    "on: yes\nold: 010\ntime: 12:30:00\n",
]
TOML_TEXTS = [
    "",
    "# c\n",
    "a = 1",
    'a = 1\r\n[mcp_servers.x]\r\ncommand = "y" # n\r\n\r\n# tail\r\n',
    '[mcp_servers]\nx = {command = "y"}\n',
    'mcp_servers = {x = {command = "y"}} # c\nb = 2\n',
    'mcp_servers.x.command = "y"\n',
    "[[arr]]\nx = [\n  [1],\n]\n",
    '"ü" = "é 😀"\n\n\n',
    "[mcp_servers.x]\na = 1\n\n[other]\nb = 0x10\n\n[mcp_servers.y]\nc = 1_000\n",
]
CASES = [
    *((JsonText(), JSON, text) for text in JSON_TEXTS),
    *((YamlText(), YAML, text) for text in YAML_TEXTS),
    *((TomlText(), TOML, text) for text in TOML_TEXTS),
]


@pytest.mark.parametrize(("language", "path", "text"), CASES)
def test_an_entry_that_was_put_and_dropped_leaves_the_text_as_it_was(
    language: Format, path: tuple[str, str], text: str
) -> None:
    changed = language.put(text, path, ENTRY)
    servers = language.parse(changed)[path[0]]
    assert servers["podium"] == ENTRY
    rest = language.parse(text).get(path[0]) or {}
    assert {name: value for name, value in servers.items() if name != "podium"} == rest
    assert language.drop(changed, path) == text


@pytest.mark.parametrize(("language", "path", "text"), CASES)
def test_one_value_of_an_entry_changes_and_nothing_around_it(
    language: Format, path: tuple[str, str], text: str
) -> None:
    changed = language.put(text, path, ENTRY)
    other = language.put(changed, (*path, "command"), "/elsewhere")
    assert language.parse(other)[path[0]]["podium"] == {**ENTRY, "command": "/elsewhere"}
    assert language.put(other, (*path, "command"), "/a b/podium") == changed


NEEDED = [
    (
        JsonText(),
        JSON,
        '{\n  "mcpServers": {\n    "podium": {\n      "command": "old", // mine\n      "args": [ "x" ],\n      "disabled": true\n    },\n    "o": {}\n  }\n}\n',
        '{\n  "mcpServers": {\n    "podium": {\n      "command": "new", // mine\n      "args": [ "x" ],\n      "disabled": true\n    },\n    "o": {}\n  }\n}\n',
        '{\n  "mcpServers": {\n    "o": {}\n  }\n}\n',
    ),
    (
        YamlText(),
        YAML,
        "extensions:\n  # ours\n  podium:\n    command: old # mine\n    args:\n    - x\n    enabled: false\n  # theirs\n  o: {}\n",
        "extensions:\n  # ours\n  podium:\n    command: new # mine\n    args:\n    - x\n    enabled: false\n  # theirs\n  o: {}\n",
        "extensions:\n  # ours\n  # theirs\n  o: {}\n",
    ),
    (
        TomlText(),
        TOML,
        'a = 1\n\n[mcp_servers.podium]\ncommand = "old" # mine\nargs = [\n  "x", # c\n]\n[mcp_servers."podium".env]\nA = "1"\n\n# theirs\n[mcp_servers.o]\nb = 2\n',
        'a = 1\n\n[mcp_servers.podium]\ncommand = "new" # mine\nargs = [\n  "x", # c\n]\n[mcp_servers."podium".env]\nA = "1"\n\n# theirs\n[mcp_servers.o]\nb = 2\n',
        "a = 1\n\n# theirs\n[mcp_servers.o]\nb = 2\n",
    ),
]


@pytest.mark.parametrize(("language", "path", "text", "replaced", "dropped"), NEEDED)
def test_comments_beside_and_inside_an_entry_stay_when_it_changes_and_those_around_it_when_it_goes(
    language: Format, path: tuple[str, str], text: str, replaced: str, dropped: str
) -> None:
    assert language.put(text, (*path, "command"), "new") == replaced
    assert language.drop(text, path) == dropped


def test_a_list_written_on_lines_of_its_own_is_replaced_whole() -> None:
    text = "extensions:\n  podium:\n    args:\n    - a\n    - b\n    timeout: 3 # t\n"
    assert YamlText().put(text, (*YAML, "args"), ["serve"]) == (
        'extensions:\n  podium:\n    args: ["serve"]\n    timeout: 3 # t\n'
    )


@pytest.mark.parametrize(
    ("language", "path", "text", "words"),
    [
        (JsonText(), JSON, '{\n  "a": 1,,\n}', "line 2, column 9"),
        (JsonText(), JSON, '{"a": 1', "line 1, column 8"),
        (JsonText(), JSON, "[1]", "not an object"),
        (JsonText(), JSON, '{"mcpServers": []}', "mcpServers is not an object"),
        (JsonText(), JSON, '{"a": ' + "[" * 5000 + "]" * 5000 + "}", "nested too deeply"),
        (YamlText(), YAML, "a: 1\nb: [1", "line 2, column 6"),
        (YamlText(), YAML, "- a\n", "not a mapping"),
        (YamlText(), YAML, "a: 1\n---\nb: 2\n", "line 2, column 1"),
        (YamlText(), YAML, "a: !secret x\n", "line 1, column 4"),
        (TomlText(), TOML, "a = 1\nb =\n", "line 2, column 4"),
        (TomlText(), TOML, "mcp_servers = 1\n", "mcp_servers is not a table"),
    ],
)
def test_a_text_that_is_not_valid_is_refused_with_its_line(
    language: Format, path: tuple[str, str], text: str, words: str
) -> None:
    def try_it() -> None:
        language.parse(text)
        language.put(text, path, ENTRY)

    with pytest.raises(ValueError, match=words):
        try_it()


@pytest.mark.parametrize(
    ("language", "path", "text", "left"),
    [
        (JsonText(), JSON, "", "{}\n"),
        (JsonText(), JSON, "// only\n", "// only\n{}\n"),
        (JsonText(), JSON, '{"mcpServers": null, "b": 2}', '{"b": 2}'),
        (JsonText(), JSON, '{"mcpServers": {}, "b": 2}', '{"b": 2}'),
        (YamlText(), YAML, "extensions: {}\nb: 2\n", "b: 2\n"),
        (YamlText(), YAML, "extensions: ~\n", ""),
        (TomlText(), TOML, "[mcp_servers]\n", ""),
    ],
)
def test_what_was_empty_before_the_entry_goes_with_it(
    language: Format, path: tuple[str, str], text: str, left: str
) -> None:
    changed = language.put(text, path, ENTRY)
    assert language.parse(changed)[path[0]] == {"podium": ENTRY}
    assert language.drop(changed, path) == left


_SPACE = st.sampled_from(["", " ", "\n", "\r\n  ", "\t", " // c\n", "/* d */"])
_SCALAR = st.sampled_from(["1", "-0.5e3", "true", "null", '"é\\n"', '"//"', '"}"', "'x'"])


@st.composite
def _json(draw: st.DrawFn, depth: int = 3) -> str:
    """Draw a JSON text with comments and space in every place."""
    if depth == 0 or draw(st.booleans()):
        return draw(_SCALAR)
    items = draw(st.lists(_json(depth - 1), max_size=3))
    gap = [draw(_SPACE) for _ in range(2 * len(items) + 2)]
    comma = draw(st.sampled_from(["", ","])) if items else ""
    names = draw(st.permutations(["a", "mcpServers", "b c"]))
    if draw(st.booleans()):
        inside = ",".join(f'{gap[n]}"{names[n]}":{gap[-n - 1]}{item}' for n, item in enumerate(items))
        return f"{{{inside}{gap[-1]}{comma}{gap[0]}}}"
    return f"[{gap[0]}{','.join(items)}{gap[-1]}{comma}]"


@given(_json().filter(lambda text: text.startswith("{")))
def test_any_json_text_keeps_what_it_says_and_its_comments(text: str) -> None:
    language = JsonText()
    before = language.parse(text)
    if isinstance(before.get("mcpServers"), str | list | int | float):
        with pytest.raises(ValueError, match="not an object"):
            language.put(text, JSON, ENTRY)
        return
    changed = language.put(text, JSON, ENTRY)
    expected = {**before, "mcpServers": {**(before.get("mcpServers") or {}), "podium": ENTRY}}
    assert language.parse(changed) == expected
    left = language.drop(changed, JSON)
    after = language.parse(left)
    assert {**after, "mcpServers": after.get("mcpServers") or None} == {
        **before,
        "mcpServers": before.get("mcpServers") or None,
    }
    assert left.count("// c") == text.count("// c")
    assert left.count("/* d */") == text.count("/* d */")


def test_what_stands_beside_the_entry_is_not_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients keep megabytes in their file, and json-five takes seconds for each."""
    looked_into = []

    def loads(text: str, **keywords: Any) -> Any:
        looked_into.append(text)
        return json5.loads(text, **keywords)

    monkeypatch.setattr(json_text, "loads", loads)
    text = '{"a": "}, \\" {", "z": [{"x": "large"}],\n "mcpServers": {"o": {"b": 1}}, "": [ ], "c": -1.5e3 }'
    put = JsonText().put(text, JSON, {"command": "podium"})
    assert put == text.replace('{"b": 1}}', '{"b": 1}, "podium": {"command": "podium"}}')
    assert JsonText().drop(put, JSON) == text
    assert looked_into
    assert not any("large" in each for each in looked_into)
