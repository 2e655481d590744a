"""The page about what commands print with `--json`: each view that one of them prints, and the views in those."""

from podium.cli.answers import ANSWERS, INSTEAD
from tests.support.docs.commands import anchor
from tests.support.docs.markdown import classes_in, code, comments, document, plain, sentence, table
from tests.support.docs.values import Schema, kind

_INTRO = (
    "With `--json` a command prints one JSON object on stdout and nothing else; `logs`, `validate --watch` and `top` print one a "
    "line. Fields keep their names and meanings. New ones may come: ignore what you do not know. "
    "`podium call TOOL --json` prints the [result of the tool](tools.md).\n\n"
    f"A command that cannot answer prints [`{INSTEAD.__name__}`](#{INSTEAD.__name__.lower()}), an object with the member `error`, "
    "in one line; no answer of another kind has an `error` at its top that is not null. The [exit code](../exit-codes.md) says the "
    "same in a number, and stderr in words for people, as without `--json`. After a signal, such as Ctrl-C, and for output that "
    "cannot be written there is no object."
)


def answers_page() -> str:
    """Return the page."""
    rows = [
        (f"[`podium {name}`](commands.md#{anchor(name.split()[0])})", f"[{view.__name__}](#{view.__name__.lower()})")
        for name, view in ANSWERS.items()
    ]
    schemas: dict[str, Schema] = {}
    classes: dict[str, type] = {}
    for view in (*ANSWERS.values(), INSTEAD):
        made = view.model_json_schema(mode="serialization")
        classes |= classes_in(view)
        schemas |= made.get("$defs", {})
        if "properties" in made:  # else it refers to itself, and is among the others
            schemas[view.__name__] = made
    sections = [_section(classes[name], schemas[name]) for name in sorted(schemas) if "properties" in schemas[name]]
    return document("JSON of the commands", _INTRO, table(("command", "prints"), rows), *sections)


def _section(cls: type, schema: Schema) -> str:
    told = comments(cls)
    rows = [
        (code(member), kind(field), plain(field.get("description", "") or told.get(member, "")))
        for member, field in schema["properties"].items()
    ]
    says = plain(sentence(schema.get("description") or cls.__doc__))
    return f"## {cls.__name__}\n\n{says}\n\n{table(('field', 'value', 'meaning'), rows)}"
