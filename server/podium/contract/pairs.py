"""A named value as people write it: `name=value`. The same on the command line and in the tools."""


def name_and_value(text: str) -> tuple[str, str] | None:
    """Split a text at its first "="; None if it has none, or no name before it. The name loses the spaces around it."""
    name, equals, value = text.partition("=")
    return (name.strip(), value) if equals and name.strip() else None
