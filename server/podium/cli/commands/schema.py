"""`podium schema`: the JSON Schema of a score."""

from podium.cli.terminal.door import print_json


def command() -> None:
    """Print the JSON Schema of a score, for editors and for checking."""
    from podium.score.schema import json_schema  # a third of a short command's time, which its help does not need

    print_json(json_schema())
