"""`podium schema`: the JSON Schema of a score."""

from podium.cli.shared.output import print_json
from podium.score.schema import json_schema


def command() -> None:
    """Print the JSON Schema of a score, for editors and for checking."""
    print_json(json_schema())
