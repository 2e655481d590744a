"""What `describe_score` explains. A problem of a score names the topic that helps."""

from dataclasses import dataclass

TOPICS: tuple[str, ...] = (
    "score",
    "sheets",
    "order",
    "foreach",
    "templates",
    "variables",
    "validations",
    "retry",
    "limits",
    "resources",
    "instruments",
    "env",
    "workspace",
    "conditions",
    "hold",
    "numbered",
)
OVERVIEW = ""  # the name of the page that is not a topic


@dataclass(frozen=True)
class Page:
    """One page about scores; `example` is a whole score."""

    topic: str
    text: str
    example: str
