"""What a Marianne conductor writes in sentences, in plain words of ours.

It repeats the text of its validation library with types, values and addresses, and names options of its own program, which is not
what the caller has at hand.
"""

import re

from podium.texts.cleaning import clean_text

_CHARS = 500
_UNREADABLE = re.compile(
    r"^Failed to parse config file: (?P<path>.*?) \((?P<why>.*)\)\. Cannot determine workspace", re.DOTALL
)
_HEADER = re.compile(r"^\d+ validation errors? for \w+\n")
_PROBLEM = re.compile(r"(?:^(?P<field>\S[^\n]*)\n)?^  (?P<text>[^\n]*?) \[type=(?P<kind>\w+)", re.MULTILINE)
_PLACE = re.compile(r"line (\d+), column (\d+)")
_FIGURE = re.compile(r"(-?[\d.]+)\D*$")
_OF_ITS_PROGRAM = re.compile(r"[^.]*(?:\bmzt\b|--workspace)[^.]*\.?")
_NO_SCORE = "it is empty, or lacks name, sheet or prompt"
_SAID = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of a score",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
}


def plain(message: str) -> str:
    """Return a message in one line of bounded length, without what its library or its program adds."""
    if found := _UNREADABLE.match(message):
        said = f"the score {found['path']} is not valid: {_why(found['why'])}"
    elif _HEADER.match(message):
        said = f"the score is not valid: {_why(message)}"
    else:
        said = _OF_ITS_PROGRAM.sub("", message)
    line = " ".join(clean_text(said).split()).removesuffix(".")
    return f"{line[:_CHARS]}..." if len(line) > _CHARS else line


def is_about_a_score(message: str) -> bool:
    """Return whether the message says that a score cannot be read."""
    return bool(_UNREADABLE.match(message) or _HEADER.match(message))


def _why(text: str) -> str:
    """Return what is wrong with a score."""
    if header := _HEADER.match(text):
        return (
            "; ".join(_problem(found) for found in _PROBLEM.finditer(text, header.end())) or "this conductor refuses it"
        )
    if "score file is empty" in text:
        return _NO_SCORE
    if places := _PLACE.findall(text):
        line, column = places[-1]
        return f"it is not one document of YAML: see line {line}, column {column}"
    return text


def _problem(found: re.Match[str]) -> str:
    """Return one problem of a score: its field, and what that must be."""
    return f"{found['field'] or ''} {_rule(found['kind'], found['text'])}".strip()


def _rule(kind: str, text: str) -> str:
    figure = _FIGURE.search(text)
    if kind in {"greater_than_equal", "less_than_equal"} and figure is not None:
        return f"must be {'at least' if kind == 'greater_than_equal' else 'at most'} {figure[1]}"
    if kind == "literal_error":
        return f"must be {text.removeprefix('Input should be ')}"
    if kind == "value_error":
        return f"({text.removeprefix('Value error, ').removesuffix('.')})"
    return _SAID.get(kind, "is not valid")
