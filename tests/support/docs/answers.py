"""The page about what commands print with `--json`: each view that one of them prints, and the views in those."""

from typing import Any

from pydantic import BaseModel

from podium.cli.shared.answers import ANSWERS
from podium.reference.keys import blocks_of
from tests.support.docs.commands import anchor
from tests.support.docs.markdown import code, comments, document, plain, sentence, table
from tests.support.docs.values import kind

_INTRO = (
    "With `--json` a command prints one JSON object and nothing else; one that follows (`-f`, `--watch`) prints one a line. Fields keep "
    "their names and meanings. New ones may come: ignore what you do not know."
)


def answers_page() -> str:
    """Return the page."""
    rows = [
        (f"[`podium {name}`](commands.md#{anchor(name.split()[0])})", f"[{view.__name__}](#{view.__name__.lower()})")
        for name, view in ANSWERS.items()
    ]
    views = sorted(set().union(*(_views(view) for view in ANSWERS.values())), key=lambda view: view.__name__)
    return document("JSON of the commands", _INTRO, table(("command", "prints"), rows), *map(_section, views))


def _views(view: Any) -> set[type[BaseModel]]:
    return blocks_of(view)


def _section(view: type[BaseModel]) -> str:
    told = comments(view)
    fields = view.model_json_schema(mode="serialization").get("properties", {})
    if not fields:  # a schema that refers to itself
        fields = view.model_json_schema(mode="serialization")["$defs"][view.__name__]["properties"]
    rows = [
        (code(name), kind(field), plain(field.get("description", "") or told.get(name, "")))
        for name, field in fields.items()
    ]
    return f"## {view.__name__}\n\n{plain(sentence(view.__doc__))}\n\n{table(('field', 'value', 'meaning'), rows)}"
