"""Texts that are asked whether they are true. YAML 1.1 reads `no` as false; here it is a text, which is true unless it is empty.

A score that counts on the other reading would do the opposite of what it says, so it is refused.
"""

import re
from collections.abc import Iterator, Mapping

from podium.score.model.draft import Draft
from podium.score.text.document import Loc
from podium.score.text.problems import Problems

FALSE = frozenset({"false", "null", "0", "0.0", "-0.0"})  # readings that are not true
_MOST = 500  # variables that are looked for: more would take long, in a long template
_NOT_COMPARED = r"(?!\s*(?:[=!<>]|[.\[(|]|\bnot\s+in\b|\bin\b|\bis\b)|\w)"


def check_truths(draft: Draft, texts: Mapping[str, str], problems: Problems) -> None:
    """Note each template and condition that asks whether one of these variables is true; `texts` are the values by name."""
    for name, text in list(texts.items())[:_MOST]:
        asked = _asking(name)
        message = (
            f"asks whether {name} is true, and the text {text!r} is, which YAML 1.1 reads as false; set {name} to true or "
            "false, or compare it with a text"
        )
        for condition, loc in _conditions(draft):
            if asked.search(f"if {condition}"):
                problems.add(loc, message)
        for source in {stage.template.text: stage.template for stage in draft.stages}.values():
            for tag in (
                () if name not in source.text else re.finditer(r"\{[%{].{0,2000}?[%}]\}", source.text, re.DOTALL)
            ):
                if asked.search(tag[0]):
                    line = source.text.count("\n", 0, tag.start()) + 1
                    problems.add(source.loc, f"template: {message}", text_line=0 if source.file else line)


def _asking(name: str) -> re.Pattern[str]:
    """Return what finds a name that stands where only its truth counts."""
    path = rf"(?:\w+\.)*{re.escape(name)}"
    return re.compile(
        rf"\b(?:if|elif|not|and|or)\s+\(*\s*{path}\b{_NOT_COMPARED}|(?:\{{[%{{]-?|\()\s*{path}\s+(?:and|or)\b"
    )


def _conditions(draft: Draft) -> Iterator[tuple[str, Loc]]:
    seen = set[int]()
    for stage in draft.stages:
        if stage.skip_when:
            yield stage.skip_when, stage.skip_when_loc
        if id(stage.checks) not in seen:
            seen.add(id(stage.checks))
            yield from ((check.condition, (*check.loc, "condition")) for check in stage.checks if check.condition)
