"""Frames of a terminal as one SVG picture that moves by CSS alone: no script, no font, nothing from elsewhere.

A line that stays the same over several frames is drawn once, and shown for that time. Where nothing moves, because the reader does
not want it or the program that draws cannot, the last frame stands. Colours are those of the reader's light or dark mode.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from tests.recordings.frames import Frame, Row

WIDE, HIGH, SIZE = 8.4, 19, 14  # of a letter and a line; of the font, which is about 0.6 times as wide as high
MARGIN, BAR = 16, 34
HELD_SECONDS = 5.0  # that the last frame stands before it begins again
LIGHT = {
    "paper": "#ffffff",
    "edge": "#d0d7de",
    "ink": "#1f2328",
    "black": "#57606a",
    "red": "#b3261e",
    "green": "#116329",
    "yellow": "#7d4e00",
    "blue": "#0550ae",
    "magenta": "#8250df",
    "cyan": "#1b6e7c",
    "white": "#6e7781",
}
DARK = {
    "paper": "#0d1117",
    "edge": "#30363d",
    "ink": "#e6edf3",
    "black": "#8b949e",
    "red": "#ff7b72",
    "green": "#56d364",
    "yellow": "#e3b341",
    "blue": "#79c0ff",
    "magenta": "#d2a8ff",
    "cyan": "#76e3ea",
    "white": "#b1bac4",
}
Span = tuple[float, float]  # from when to when something is seen


def picture(frames: Sequence[Frame], *, title: str, says: str, columns: int) -> str:
    """Return the SVG; `says` is what it shows, for those who do not see it."""
    lines = max(number for frame in frames for number, row in enumerate(frame.rows, 1) if row)
    width, height = round(columns * WIDE + 2 * MARGIN), BAR + lines * HIGH + MARGIN
    seconds = frames[-1].seconds + HELD_SECONDS
    groups: defaultdict[Span, list[str]] = defaultdict(list)
    for number in range(lines):
        for span, row in _spans(frames, number, seconds):
            groups[span] += _drawn(row, number)
    styles, drawn = [], []
    for number, (span, texts) in enumerate(sorted(groups.items())):
        if not texts:
            continue
        lasts = span[1] == seconds
        if span == (frames[0].seconds, seconds):
            drawn.append("".join(texts))
            continue
        styles.append(_moves(number, span, seconds, lasts=lasts))
        drawn.append(f'<g class="m{" l" if lasts else ""}" id="k{number}">{"".join(texts)}</g>')
    return TEMPLATE.format(
        width=width,
        height=height,
        inner_width=width - 1,
        inner_height=height - 1,
        title=escape(title),
        says=escape(says),
        light=_colours(LIGHT),
        dark=_colours(DARK),
        marks="".join(f".{name}{{fill:var(--{name})}}" for name in LIGHT if name not in {"paper", "edge", "ink"}),
        seconds=f"{seconds:g}",
        size=SIZE,
        middle=width // 2,
        styles="".join(styles),
        drawn="\n".join(drawn),
    )


def _spans(frames: Sequence[Frame], number: int, seconds: float) -> list[tuple[Span, Row]]:
    """Return when one line of the screen looks how."""
    seen: list[tuple[float, Row]] = []
    for frame in frames:
        row = frame.rows[number] if number < len(frame.rows) else ()
        if not seen or seen[-1][1] != row:
            seen.append((frame.seconds, row))
    ends = [(seconds, ())]
    return [((begin, end), row) for (begin, row), (end, _) in pairwise([*seen, *ends]) if row]


def _drawn(row: Row, number: int) -> list[str]:
    """Return the texts of a line, each where its first letter is, and as wide as its letters whatever the font."""
    texts, column = [], 0
    for style, text in row:
        inner = text.strip()
        if inner:
            at = column + len(text) - len(text.lstrip())
            look = re.sub(r"\bon \w+|\breverse|bright", "", style).split()  # no background is drawn
            classes = f' class="{" ".join(look)}"' if look else ""
            x, y = round(MARGIN + at * WIDE, 1), BAR + number * HIGH + SIZE
            wide = round(len(inner) * WIDE, 1)
            texts.append(f'<text{classes} x="{x:g}" y="{y}" textLength="{wide:g}">{escape(inner, quote=False)}</text>')
        column += len(text)
    return texts


def _moves(number: int, span: Span, seconds: float, *, lasts: bool) -> str:
    """Return the style that shows a group for its time: it is hidden before, and after unless it lasts."""
    begin, end = (f"{100 * each / seconds:.2f}%" for each in span)
    after = "" if lasts else f"{end}{{visibility:hidden}}"
    before = "" if span[0] == 0 else "0%{visibility:hidden}"
    return f"#k{number}{{animation-name:k{number}}}@keyframes k{number}{{{before}{begin}{{visibility:visible}}{after}}}"


def _colours(colours: dict[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in colours.items())


TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>{title}</title>
<desc>{says}</desc>
<style>
svg{{{light}}}
@media(prefers-color-scheme:dark){{svg{{{dark}}}}}
text{{font:{size}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:var(--ink);white-space:pre}}
.bold{{font-weight:bold}}.italics{{font-style:italic}}.underscore{{text-decoration:underline}}.faint{{fill:var(--black)}}
{marks}
.m{{visibility:hidden;animation:{seconds}s step-end infinite}}.l{{visibility:visible}}
{styles}
@media(prefers-reduced-motion:reduce){{.m{{animation:none!important}}}}
</style>
<rect x=".5" y=".5" width="{inner_width}" height="{inner_height}" rx="8" fill="var(--paper)" stroke="var(--edge)"/>
<text class="faint" x="{middle}" y="21" text-anchor="middle">{title}</text>
{drawn}
</svg>
"""
