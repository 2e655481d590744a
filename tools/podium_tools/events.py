"""How events are shown: one line each."""

from podium.contract.models import EventView
from podium_tools.results import shortened_text


def event_text(event: EventView, limit: int = 300) -> str:
    """Return an event and its plain facts on one line of at most `limit` characters."""
    facts = [f"{key}={value}" for key, value in event.data.items() if isinstance(value, str | int | float) and value]
    return shortened_text(" ".join([event.at, event.job_id, event.type, *facts]), limit)
