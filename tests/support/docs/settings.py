"""The page about the settings: every field of `Settings`."""

from podium.settings import Settings
from tests.support.docs.markdown import code, document, plain, table
from tests.support.docs.values import Schema, bounds, default, kind

_INTRO = (
    "Each setting stands in the settings file (`PODIUM_CONFIG`, else `podium.yaml` in the config folder) under its name, in the "
    "environment under its variable, and some are flags. Flags win over the environment, the environment over the file, the file "
    "over the default. Times are in seconds, sizes in bytes. The conductor reads its settings when it starts. A key that no setting has is an error, as is a value out of bounds."
)
_PLACES = {
    "home": "[by system](../operating.md#where-things-are)",
    "socket": "[by system](../operating.md#where-things-are)",
}


def settings_page() -> str:
    """Return the page."""
    schema = Settings.model_json_schema()
    rows = [_row(name, field) for name, field in schema["properties"].items()]
    head = ("setting", "variable", "value", "default", "limits", "meaning")
    return document("Settings", _INTRO, table(head, rows))


def _row(name: str, field: Schema) -> tuple[str, ...]:
    value = " or ".join(field["pattern"].strip("^$()").split("|")) if "pattern" in field else kind(field)
    if field.get("format") == "path" or "path" in str(field.get("anyOf", "")):
        value = "path"
    given = _PLACES.get(name) or _sized(name, field) or default(field) or "none"
    return code(name), code(f"PODIUM_{name.upper()}"), value, given, bounds(field), plain(field["description"])


def _sized(name: str, field: Schema) -> str:
    """Return a default in bytes with what it is in a larger unit."""
    size = field.get("default")
    if not name.endswith("_bytes") or not isinstance(size, int):
        return ""
    return f"`{size}` ({size // 2**30} GiB)" if size >= 2**30 else f"`{size}` ({size // 2**20} MiB)"
