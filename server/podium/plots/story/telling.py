"""What a story says in words: how each sheet ended, and what the critical path was made of."""

from podium.plots.story.spans import SpanKind
from podium.plots.story.story import Lane, Story
from podium.plots.story.waits import is_queued
from podium.plots.words import in_line
from podium.times import measured

_PATH_SHOWN = 8  # sheets of a path that are named
_PATH_WORDS: dict[SpanKind, str] = {
    "running": "running",
    "retry": "waiting before retries",
    "limit": "waiting for a rate limit",
    "hold": "waiting for approval",
    "ready": "ready but not started",
    "paused": "paused",
    "stopped": "stopped",
}


def look_of(lane: Lane) -> str:
    """Return the state of a sheet as it is shown: one that waits for an approval is on hold."""
    on_hold = lane.sheet.status == "pending" and any(each.open and each.kind == "hold" for each in lane.spans)
    return "hold" if on_hold else lane.sheet.status


def ran(lane: Lane) -> float:
    """Return for how many seconds the attempts of a sheet's last run ran, all together."""
    return sum(each.seconds for each in lane.spans if each.is_attempt and each.start >= (lane.began or 0.0))


def result_of(lane: Lane) -> str:
    """Return in a few words what became of a sheet: how long it took, or what is unusual about it."""
    sheet = lane.sheet
    tries = f" (attempt {sheet.tries})" if sheet.tries > 1 else ""
    if sheet.status == "completed":
        return f"{measured(ran(lane))}{tries}"
    if is_queued(sheet):
        return f"{in_line(sheet.place)}{tries}"
    if sheet.status == "running":
        return f"running for {measured(sheet.duration_seconds or 0.0)}{tries}"
    if sheet.status in {"failed", "skipped", "cancelled"} and sheet.reason:
        return f"{sheet.status}{tries}: {in_line(sheet.reason)}"
    waits = next((each for each in reversed(lane.spans) if each.open), None)
    if waits is not None and waits.kind == "hold":
        return f"waits for approval: {waits.note}"
    return f"{sheet.status}{tries}: {in_line(sheet.reason)}" if sheet.reason else f"{sheet.status}{tries}"


def path_sentence(story: Story) -> str:
    """Return the critical path with what its time went into; "" if nothing has run."""
    steps = story.steps
    if not steps:
        return ""
    names = [lane.label for lane in steps]
    if len(names) > _PATH_SHOWN:
        half = _PATH_SHOWN // 2
        names = [*names[:half], f"({len(names) - 2 * half} more)", *names[-half:]]
    told = story.on_path()
    parts = [
        f"{measured(told[kind])} {words}" for kind, words in _PATH_WORDS.items() if told.get(kind, 0.0) >= _least(story)
    ]
    so_far = "" if story.ended else " so far"
    return f"critical path{so_far}: {' → '.join(names)}" + (f" ({', '.join(parts)})" if parts else "")


def _least(story: Story) -> float:
    """Return the seconds from which a part of the path is worth a word."""
    return max(0.001, (story.end - story.start - sum(each.seconds for each in story.stops)) / 200)
