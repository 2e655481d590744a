"""What becomes of each key of the original's scores: read from `fields.toml`, and asked of the code."""

import ast
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from podium.errors import ScoreInvalid
from tests.support.compiled import compiled_example
from tests.support.source_tree import REPOSITORY

Answer = Literal["honoured", "without effect", "refused"]
_FOLDER = Path(__file__).parent
_BASE: dict[str, Any] = {
    "name": "x",
    "instrument": "claude-code",
    "sheet": {"size": 1, "total_items": 3},
    "prompt": {"template": "Go on."},
}


@dataclass(frozen=True)
class Entry:
    """Keys of one block with the same answer, and how they are written."""

    names: tuple[str, ...]
    written: tuple[str, ...]
    answer: Answer
    at: str = ""
    test: str = ""

    @property
    def is_shown(self) -> bool:
        """Whether the test that it names is there."""
        file, _, name = self.test.partition("::")
        tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        return name.partition("[")[0] in names

    @property
    def paths(self) -> list[str]:
        """The keys with the blocks in which they stand."""
        return [f"{self.at}.{name}" if self.at else name for name in self.names]


@dataclass(frozen=True)
class Told:
    """What the code says of a score: its answer, and why."""

    answer: Answer
    why: str = ""


def entries(table: str = "fields.toml") -> list[Entry]:
    """Return one of the tables."""
    rows = tomllib.loads((_FOLDER / table).read_text(encoding="utf-8"))["fields"]
    return [Entry(**{**row, "names": tuple(row["names"]), "written": tuple(row["written"])}) for row in rows]


def whole(part: str) -> dict[str, Any]:
    """Return the base score with a part of one laid over it."""
    return laid(_BASE, yaml.safe_load(part))


def told(score: Mapping[str, Any], key: str, folder: Path) -> Told:
    """Return what the code says of a key of the score, by the name of the key and, if needed, of a block around it.

    The score lies in `folder`, beside a template `prompt.j2`.
    """
    (folder / "prompt.j2").write_text("Go on.", encoding="utf-8")
    try:
        plan = compiled_example(yaml.safe_dump(dict(score), sort_keys=False), folder)
    except ScoreInvalid as error:
        return Told("refused", error.facts["problems"][0]["message"])
    return of_note(plan.warnings, key)


def of_note(notes: Iterable[str], key: str) -> Told:
    """Return what notes say of a key that is accepted."""
    note = next((note for note in notes if _is_of(note, key)), "")
    return Told("without effect", note) if note else Told("honoured")


def _is_of(note: str, key: str) -> bool:
    """Return whether a note says that nothing is done with a key, or with a block around it."""
    return "nothing is done with" in note and any(f"{part} (" in note for part in _around(key))


def _around(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition(".")[0]


def laid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with another laid over it, block by block."""
    both = {key: laid(below[key], value) for key, value in above.items() if _are_blocks(below.get(key), value)}
    return {**below, **above, **both}


def _are_blocks(*values: Any) -> bool:
    return all(isinstance(value, dict) for value in values)
