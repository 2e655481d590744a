"""The pictures of the README: each moves by itself, needs nothing from elsewhere, and stands still where it has to."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.recordings.__main__ import MOST_BYTES
from tests.recordings.frames import Frame, plain, slowed, thinned
from tests.recordings.svg import picture
from tests.support.source_tree import REPOSITORY

PICTURES = sorted((REPOSITORY / "docs" / "pictures").glob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_is_small_says_what_it_shows_and_brings_nothing_along(path: Path) -> None:
    text = path.read_text("utf-8")
    root = ET.fromstring(text)  # noqa: S314  our own
    assert len(text.encode()) < MOST_BYTES
    assert root.findtext(f"{SVG}title")
    assert len(root.findtext(f"{SVG}desc") or "") > 60
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg",
        "title",
        "desc",
        "style",
        "rect",
        "text",
        "g",
    }
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(|@import|@font-face", text)
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in attributes if name.startswith("on") or "href" in name]
    assert "prefers-color-scheme:dark" in text
    assert "prefers-reduced-motion:reduce" in text
    assert not [place for place in ("/tmp", "/home/", "/root/") if place in text]  # noqa: S108


def test_the_readme_shows_every_picture() -> None:
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    assert len(PICTURES) == 2
    assert all(f"](docs/pictures/{path.name})" in readme for path in PICTURES)


def test_what_flickers_is_left_out_and_what_stands_still_is_cut_short() -> None:
    frames = [
        Frame(at, (plain(text),)) for at, text in [(0, "a"), (0.1, "b"), (0.2, "c"), (0.5, "c"), (9, "d"), (9.5, "e")]
    ]
    shown = [(frame.seconds, frame.rows[0][0][1]) for frame in thinned(frames)]
    assert shown == [(0.0, "c"), (1.5, "d"), (2.0, "e")]


def test_what_comes_too_fast_to_be_read_is_shown_longer_and_the_rest_as_long_as_it_took() -> None:
    frames = [Frame(at, ()) for at in (0, 0.3, 3.3, 3.4)]
    assert [frame.seconds for frame in slowed(frames, 1.0)] == [0, 1.0, 4.0, 5.0]


def test_a_line_is_seen_for_its_time_and_the_last_frame_wherever_nothing_moves() -> None:
    frames = [Frame(0, (plain("stays"), plain("first"))), Frame(5, (plain("stays"), plain("<last>", "bold green")))]
    drawn = picture(frames, title="t", says="s", columns=20)
    assert drawn.count(">stays<") == 1
    groups = dict(re.findall(r'<g class="([^"]+)" id="k\d">.*?>([^>]+)</text></g>', drawn))
    assert groups == {"m": "first", "m l": "&lt;last&gt;"}
    assert "{visibility:hidden}50.00%{visibility:visible}}" in drawn  # the last is held for as long again
    assert "0.00%{visibility:visible}50.00%{visibility:hidden}}" in drawn
    assert '<text class="bold green" x="16" y="67" textLength="50.4">' in drawn
