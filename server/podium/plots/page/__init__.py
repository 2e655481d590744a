"""The report of a job: one page that needs nothing else, neither a script nor the network."""

import base64
import hashlib
from collections import defaultdict
from importlib.resources import files
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from podium.contract.models import LogView
from podium.contract.record import AttemptView, JobRecord
from podium.plots.page.facts import SheetFacts, facts_of, groups_of, time_of
from podium.plots.story.graph import folded, graph_of_story
from podium.plots.story.story import Story, story_of
from podium.plots.story.telling import path_sentence
from podium.plots.svg.graph import NODES, graph_svg
from podium.plots.svg.paper import LIGHT, style
from podium.plots.svg.timeline import timeline_svg
from podium.plots.words import MARKS, in_line, shown
from podium.times import iso, measured

_ICON_COLOURS = {"completed": "completed", "failed": "failed", "running": "running"}


def report_html(record: JobRecord, now: float, *, made_by: str) -> str:
    """Return the page of a record, with the ends of the outputs that are in it. `now` is in seconds since the epoch.

    Everything that others wrote is text in it: the template escapes, the policy of the page forbids scripts, requests and every
    style but its own.
    """
    here = files(__name__)
    css = style() + (here / "report.css").read_text(encoding="utf-8")
    story = story_of(record, now)
    job = record.job
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(line=in_line, shown=shown, time=time_of, span=measured)
    template = environment.from_string((here / "report.html.j2").read_text(encoding="utf-8"))
    return template.render(
        job=job,
        record=record,
        mark=MARKS,
        css=Markup(css),  # noqa: S704 -- it is ours
        css_hash=base64.b64encode(hashlib.sha256(css.encode()).digest()).decode(),
        icon=_icon(job.status),
        wide=Markup(timeline_svg(story, embedded=True)),  # noqa: S704 -- it is escaped where it is made
        narrow=Markup(timeline_svg(story, stacked=True, embedded=True)),  # noqa: S704 -- the same
        graph=Markup(graph_svg(folded(graph_of_story(story), NODES), embedded=True)),  # noqa: S704 -- the same
        path=path_sentence(story),
        total=story.end - story.start,
        groups=groups_of(_sheets(record, story)),
        made_at=iso(now),
        made_by=made_by,
    )


def _sheets(record: JobRecord, story: Story) -> list[SheetFacts]:
    attempts: defaultdict[int, list[AttemptView]] = defaultdict(list)
    for attempt in record.attempts:
        attempts[attempt.sheet].append(attempt)
    outputs: defaultdict[int, list[LogView]] = defaultdict(list)
    for output in record.outputs:
        outputs[output.sheet].append(output)
    labels = {each.sheet.sheet: each.label for each in story.lanes}
    commands = dict(enumerate(record.commands, 1))
    return [
        facts_of(each, labels, commands.get(num := each.sheet.sheet, ""), attempts[num], outputs[num])
        for each in story.lanes
    ]


def _icon(status: str) -> str:
    """Return a picture for the tab of a browser: a dot in the colour of the state, with its mark."""
    colour = LIGHT[_ICON_COLOURS.get(status, "cancelled")]
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
        f'<circle cx="8" cy="8" r="8" fill="{colour}"/>'
        f'<text x="8" y="12" font-size="11" text-anchor="middle" fill="#fff">{MARKS.get(status, "")}</text></svg>'
    )
    return f"data:image/svg+xml,{quote(drawn)}"
