"""The topics that `describe_score` explains; a problem of a score names the one that helps."""

TOPICS: tuple[str, ...] = (
    "sheets",
    "order",
    "foreach",
    "templates",
    "variables",
    "validations",
    "retry",
    "limits",
    "instruments",
    "env",
    "workspace",
    "conditions",
    "hold",
    "numbered",
)
