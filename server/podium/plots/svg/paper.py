"""What every SVG is made of: elements with escaped text, one palette for light and dark, patterns, and the frame of a file."""

from html import escape

from podium.texts.widths import width

MONO = 7.25  # width of a letter of a label, in pixels
SANS = 6.7  # a mean one of the other texts, in the widest of their fonts
BOLD = 7.6  # the same in bold

_FITS = 1350  # pixels; what is wider than a page, but not much, may be made smaller to fit

LIGHT = {
    "paper": "#ffffff",
    "ink": "#1d2226",
    "quiet": "#626b74",
    "faint": "#e4e7ea",
    "shade": "#f3f5f6",
    "completed": "#4a9480",
    "failed": "#c92a2a",
    "running": "#1971c2",
    "waiting": "#a86200",
    "hold": "#7048b8",
    "cancelled": "#868e96",
}
DARK = {
    "paper": "#16191c",
    "ink": "#e8eaec",
    "quiet": "#9aa3ab",
    "faint": "#2c3136",
    "shade": "#1e2226",
    "completed": "#45a289",
    "failed": "#ff6b6b",
    "running": "#4dabf7",
    "waiting": "#f0a94a",
    "hold": "#b197fc",
    "cancelled": "#7f8891",
}

_DRAWN = """
svg.plot { font-family: system-ui, "Segoe UI", "Helvetica Neue", "DejaVu Sans", sans-serif; font-size: 11.5px }
svg.plot text { fill: var(--ink) }
svg.plot .label { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 12px }
svg.plot .title { font-size: 15px; font-weight: 650 }
svg.plot .bold { font-weight: 700 }
svg.plot .quiet { fill: var(--quiet) }
svg.plot .grid { stroke: var(--faint); stroke-width: 1 }
svg.plot .back { fill: var(--paper) }
svg.plot .shade { fill: var(--shade) }
svg.plot .path { stroke: var(--ink); stroke-width: 1.6; fill: none }
svg.plot .wire { stroke: var(--quiet); stroke-width: 1.1; fill: none; opacity: .55 }
svg.plot .box { fill: var(--paper); stroke: var(--quiet); stroke-width: 1 }
svg.plot .box.critical { stroke: var(--ink); stroke-width: 2 }
svg.plot .box.bad { stroke: var(--failed); stroke-width: 1.6 }
svg.plot .dashed { stroke-dasharray: 4 3 }
svg.plot .lost { fill: none; stroke: var(--failed); stroke-width: 1.6; stroke-dasharray: 3 2 }
svg.plot .area { fill: var(--completed); opacity: .75 }
svg.plot .thin { stroke-width: 2; fill: none }
svg.plot .dots { stroke-dasharray: 2 3 }
svg.plot .dashes { stroke-dasharray: 6 3 }
""" + "".join(
    f"svg.plot .f-{name} {{ fill: var(--{name}) }}\nsvg.plot .s-{name} {{ stroke: var(--{name}) }}\n"
    f"svg.plot text.f-{name} {{ fill: var(--{name}) }}\n"
    for name in ("completed", "failed", "running", "waiting", "hold", "cancelled", "quiet", "ink", "paper")
)


def palette() -> str:
    """Return the colours as style rules, for light and for dark."""
    light, dark = ("; ".join(f"--{name}: {value}" for name, value in each.items()) for each in (LIGHT, DARK))
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
        f"@media print {{ :root {{ color-scheme: light; {light} }} }}\n"
    )


def style() -> str:
    """Return the rules that every drawing needs."""
    return palette() + _DRAWN.lstrip()


def tag(name: str, *children: str, **attributes: object) -> str:
    """Return an element. Children are made already; of attributes those that are None or "" are left out."""
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None and value != ""
    )
    return f"<{name}{shown}>{''.join(children)}</{name}>" if children else f"<{name}{shown}/>"


def _text(value: object) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def text(words: str, x: float, y: float, kind: str = "", anchor: str = "") -> str:
    """Return a text whose base line begins, or with an anchor ends or is centred, at a place."""
    return tag("text", escape(words), x=float(x), y=float(y), class_=kind, text_anchor=anchor)


def title(words: str) -> str:
    """Return what is shown while a pointer rests on an element, and read aloud."""
    return tag("title", escape(words))


def width_of(words: str, letter: float = SANS) -> float:
    """Return about how wide a text is, in pixels."""
    return width(words) * letter


def hatch(name: str, colour: str) -> str:
    """Return a pattern of oblique lines: what it fills can be told apart without seeing colours."""
    back = tag("rect", width=6, height=6, class_=f"f-{colour}")
    line = tag("path", d="M-1,7 L7,-1", stroke_width=1.6, class_="s-paper", fill="none")
    return tag("pattern", back, line, id=name, width=6, height=6, patternUnits="userSpaceOnUse")


def frame(width: float, height: float, parts: list[str], *, name: str, embedded: bool) -> str:
    """Return the whole drawing: a file of its own with its style, or a part of a page."""
    own = [] if embedded else [tag("style", style()), tag("rect", width="100%", height="100%", class_="back")]
    made = tag(
        "svg",
        title(name),
        *own,
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        class_="plot" if width > _FITS else "plot fits",
        role="img",
    )
    return made if embedded else f"{made}\n"
