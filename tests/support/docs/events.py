"""The page about the events that the conductor writes."""

from podium.conductor.rules.ends import ENDS, FOLLOWS
from podium.contract.events import EVENTS, MEMBERS
from podium.contract.models import EventView
from tests.support.docs.markdown import code, comments, document, plain, table
from tests.support.docs.values import kind

_INTRO = (
    "The conductor writes an event for each transition of a job, in the same commit as the transition. Clients of the wire read "
    "them with `job.events`, as pages or as a live stream; `wait_for_job` wakes at them, and the resource of a job lists its last ones. "
    "New types and new members may come: readers ignore what they do not know."
)
_ENDS = (
    "How an attempt ended: `end_reason` of events, and of the attempts of a job's record. The message of an attempt says more in "
    "words; of one on a cluster also on which node, and as which job of the cluster."
)


def events_page() -> str:
    """Return the page."""
    told = comments(EventView) | {
        "seq": "grows over all jobs",
        "job_seq": "counts the events of a job from 1, without gaps",
        "type": "one of those below",
        "at": "when, in ISO 8601",
        "data": "the members below",
        "job_id": "the job",
    }
    form = EventView.model_json_schema()["properties"]
    rows = [(code(name), kind(field), plain(told[name])) for name, field in form.items()]
    events = [
        (code(name), plain(event.says), _names(event.always), _names(event.sometimes)) for name, event in EVENTS.items()
    ]
    members = [(code(name), plain(meaning)) for name, meaning in sorted(MEMBERS.items())]
    ends = [(code(name), plain(end.means), plain(FOLLOWS[end.follows])) for name, end in ENDS.items()]
    return document(
        "Events",
        _INTRO,
        table(("member", "value", "meaning"), rows),
        "## Types",
        table(("type", "says", "data", "data, sometimes"), events),
        "## Members of data",
        table(("member", "meaning"), members),
        "## End reasons",
        _ENDS,
        table(("end reason", "the attempt", "what follows"), ends),
    )


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(code(name) for name in names)
