"""Edits of scores, for any score and edit: the text is Python's replace, and the answer lists exactly what differs."""

from collections.abc import Sequence
from typing import Any

import hypothesis.strategies as st
import yaml
from hypothesis import given, reject

from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.transitions.modify import Difference, kept_sheets, match_sheets
from podium.contract.secrets.masks import Masker
from podium.errors import ScoreInvalid
from podium.reader.differing import differing, tuned
from podium.reader.editing import edited
from tests.support.play import Play
from tests.unit.score.helpers import compiled

WORDS = st.sampled_from(["one", "two", "{{ word }}", "{{ sheet_num }}"])
LINES = st.builds(
    "- {{name: {}, run: 'echo {}'{}}}\n".format,
    st.sampled_from("abcdef"), WORDS, st.sampled_from(["", ", timeout_seconds: 5", ", timeout_seconds: 6"]),
)  # fmt: skip
HEADS = st.builds(
    "name: demo\nvariables: {{word: {}}}\nparallel: {{max_concurrent: {}}}\nsheets:\n".format,
    st.sampled_from(["x", "y"]), st.sampled_from([1, 2]),
)  # fmt: skip
SHEETS = st.lists(LINES, min_size=1, max_size=5, unique_by=lambda line: line[9])


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, str, str]:
    """Return a score, a text that stands once in it, and another one: some of its lines become others, or a few letters do."""
    head, sheets = draw(HEADS), draw(SHEETS)
    text = head + "".join(sheets)
    match draw(st.sampled_from(["head", "sheets", "letters"])):
        case "head":
            return text, head, draw(HEADS)
        case "sheets":
            first = draw(st.integers(0, len(sheets) - 1))
            last = draw(st.integers(first + 1, len(sheets)))
            left = {line[9] for line in (*sheets[:first], *sheets[last:])}
            return text, "".join(sheets[first:last]), "".join(line for line in draw(SHEETS) if line[9] not in left)
        case _:
            known = [
                "demo",
                "word: x",
                "_concurrent: 1",
                "'echo one'",
                "echo two",
                "_num",
                ", timeout_seconds: 6",
                "_seconds: 5",
            ]
            find = draw(st.sampled_from([each for each in known if text.count(each) == 1] or [sheets[0][:12]]))
            return text, find, find + draw(st.sampled_from(["2", " ", "  # told"])) if draw(st.booleans()) else ""


def facts(text: str) -> dict[str, tuple[str, Any, str]]:
    """Return of each sheet of a score by its name: what it runs, its time limit, and the sheet before it."""
    score = yaml.safe_load(text)
    names = [each["name"] for each in score["sheets"]]
    found = {}
    for num, sheet in enumerate(score["sheets"], 1):
        run = (
            sheet["run"]
            .replace("{{ word }}", str(score.get("variables", {}).get("word")))
            .replace("{{ sheet_num }}", str(num))
        )
        found[sheet["name"]] = (run, sheet.get("timeout_seconds"), names[num - 2] if num > 1 else "")
    return found


def settings(before: str, after: str) -> set[str]:
    """Return what differs between two scores beside the commands."""
    old, new = yaml.safe_load(before), yaml.safe_load(after)
    found = {name for name in ("name", "variables", "parallel") if old.get(name) != new.get(name)}
    both = [(facts(before)[name], facts(after)[name]) for name in facts(before) if name in facts(after)]
    found |= {"timeout_seconds"} if any(one[1] != other[1] for one, other in both) else set()
    return found | ({"needs"} if any(one[2] != other[2] for one, other in both) else set())


def labels(change: dict[str, Any]) -> dict[str, set[str]]:
    return {name: set(group["labels"]) for name, group in change["sheets"].items()}


def without_empty(groups: dict[str, set[str]]) -> dict[str, set[str]]:
    return {name: group for name, group in groups.items() if group}


@given(edits(), st.integers(0, 5))
def test_the_text_is_pythons_replace_and_the_answer_lists_what_differs(edit: tuple[str, str, str], done: int) -> None:
    text, find, replace = edit
    after = edited(text, find, replace, Masker(), "demo-aaaaa")
    assert after == text.replace(find, replace)
    old = compiled(text)
    try:
        new = LoadedPlan("new", compiled(after))
    except ScoreInvalid:
        reject()
    play = Play(old)
    for num in range(1, min(done, len(old.sheets) - 1) + 1):
        play.run(num)
    pairs = match_sheets(play.job.loaded, new).items()
    texts, (sheets, names) = differing(old, new.plan, pairs, "/work"), tuned(old, new.plan, pairs)
    change = kept_sheets(play.job, new, None, Difference(texts, sheets, names))["change"]
    was, now, finished = facts(text), facts(after), _finished(play, [each.label for each in old.sheets])
    both = was.keys() & now.keys()
    assert labels(change) == without_empty(
        {
            "finished": {name for name in both & finished if was[name][0] != now[name][0]},
            "unfinished": {name for name in both - finished if was[name] != now[name]},
            "added": now.keys() - was.keys(),
            "removed": was.keys() - now.keys(),
        }
    )
    assert set(change["settings"]) == settings(text, after)


def _finished(play: Play, names: Sequence[str]) -> set[str]:
    return {names[num - 1] for num, status in play.statuses.items() if status == "completed"}
