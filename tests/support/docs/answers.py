"""The page about what commands print with `--json`: each view that one of them prints, and the views in those."""

from podium.cli.shared.answers import ANSWERS
from tests.support.docs.commands import anchor
from tests.support.docs.markdown import class_named, code, comments, document, plain, sentence, table
from tests.support.docs.values import Schema, kind

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
    schemas: dict[str, Schema] = {}
    for view in ANSWERS.values():
        made = view.model_json_schema(mode="serialization")
        schemas |= made.get("$defs", {})
        if "properties" in made:  # else it refers to itself, and is among the others
            schemas[view.__name__] = made
    sections = [_section(name, schemas[name]) for name in sorted(schemas) if "properties" in schemas[name]]
    return document("JSON of the commands", _INTRO, table(("command", "prints"), rows), *sections)


def _section(name: str, schema: Schema) -> str:
    told = comments(class_named(name))
    rows = [
        (code(member), kind(field), plain(field.get("description", "") or told.get(member, "")))
        for member, field in schema["properties"].items()
    ]
    says = plain(sentence(schema.get("description") or class_named(name).__doc__))
    return f"## {name}\n\n{says}\n\n{table(('field', 'value', 'meaning'), rows)}"
