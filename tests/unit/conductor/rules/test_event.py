"""An event's text: what goes over the wire is what a reply would say, whatever its data holds."""

import json

import pytest

from podium.conductor.rules.event import Event


@pytest.mark.parametrize("word", ["plain", 'a "quote" and a \\', "line\nline", "ä", "\udcff", "\u2028"])
def test_the_text_of_an_event_says_the_same_as_its_view_on_one_line(word: str) -> None:
    event = Event(
        7, "demo-abcde", 2, "sheet.failed", "2026-01-02T03:04:05.678Z", {"reason": word, word: [1, None, 0.5]}
    )
    assert json.loads(event.text) == event.view.model_dump()
    assert b"\n" not in event.text
