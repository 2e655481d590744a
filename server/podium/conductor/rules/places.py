"""Where attempts are, in words. What a cluster says of its jobs is foreign text: it comes in one line, cut and clean."""

from podium.conductor.engines.port import Place
from podium.score.model.plan import EngineName
from podium.texts.shown import cut_line
from podium.times import iso

TITLES: dict[EngineName, str] = {"local": "this machine", "slurm": "Slurm"}
_WORD_CHARS = 60  # of a node, a partition, an id
_REASON_CHARS = 200
_OBSTACLE_CHARS = 400  # it may have a path in it twice


def reason_in(place: Place) -> str:
    """Return the engine's own words for why an attempt is queued or unknown, clean; "" if it says none."""
    return cut_line(place.reason, _REASON_CHARS).removesuffix(".")


def ran_at(place: Place, engine: EngineName) -> str:
    """Return the job and the node of an attempt that runs on a cluster, "" for any other."""
    if engine == "local" or place.state != "running" or not place.node:
        return ""
    return f"{_job(place, engine)} on node {cut_line(place.node, _WORD_CHARS)}"


def silence(place: Place, engine: EngineName) -> str:
    """Return why an attempt is out of sight: what is in the way, or since when its engine does not answer, with which words."""
    if place.obstacle:
        return cut_line(place.obstacle, _OBSTACLE_CHARS)
    since, why = f" since {iso(place.since)}" if place.since else "", reason_in(place)
    return f"{TITLES[engine]} does not answer{since}{f': {why}' if why else ''}"


def again(moment: float | None) -> str:
    """Return when an attempt that no queue has taken is tried again, "" if that is not known."""
    return f"; tried again at {iso(moment)}" if moment else ""


def told(place: Place, engine: EngineName) -> str:
    """Return where an attempt is, in a clause; "" for one that runs on this machine."""
    title = TITLES[engine]
    if place.state == "unknown":
        seen = f"; last seen on node {cut_line(place.node, _WORD_CHARS)} as {_job(place, engine)}" if place.node else ""
        return silence(place, engine) + seen
    if engine == "local":
        return "suspended" if place.state == "suspended" else ""
    if place.state == "queued":
        return in_queue(place, engine) + why_queued(place)
    node = f"on node {cut_line(place.node, _WORD_CHARS)}" if place.node else f"on a node of {title}"
    return f"{'suspended ' if place.state == 'suspended' else ''}{node} as {_job(place, engine)}{_partition(place)}"


def in_queue(place: Place, engine: EngineName) -> str:
    """Return in which queue an attempt waits, or waits to be put into."""
    queue = f"{TITLES[engine]}'s queue"
    if reason_in(place) and not place.engine_id:
        return f"to be put into {queue}{_partition(place)}"
    id_ = f" as job {cut_line(place.engine_id, _WORD_CHARS)}" if place.engine_id else ""
    return f"in {queue}{id_}{_partition(place)}"


def why_queued(place: Place) -> str:
    """Return why an attempt waits in a queue, and when that may end: what follows after `in_queue`, "" if nothing is known."""
    why = reason_in(place)
    if why and not place.engine_id:
        return f": {why}{again(place.again_at)}"
    start = f"; expected to start at {iso(place.expected_start)}" if place.expected_start else ""
    return f"{f': {why}' if why else ''}{start}"


def _partition(place: Place) -> str:
    return f", partition {cut_line(place.partition, _WORD_CHARS)}" if place.partition else ""


def _job(place: Place, engine: EngineName) -> str:
    id_ = cut_line(place.engine_id, _WORD_CHARS)
    return f"{TITLES[engine]} job {id_}" if id_ else f"a {TITLES[engine]} job"
