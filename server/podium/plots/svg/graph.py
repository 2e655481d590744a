"""A graph of sheets as a drawing: a column for each level, from left to right."""

from podium.plots.story.graph import Graph, Node
from podium.plots.story.layout import Layout, Placed, layout_of
from podium.plots.svg.paper import MONO, SANS, frame, tag, text, title, width_of
from podium.plots.words import TIMES
from podium.texts.widths import cut_end, cut_middle

NODES = 120
_PITCH, _HIGH, _GAP, _MARGIN = 54.0, 38.0, 46.0, 14.0
_LEAST, _MOST = 110.0, 230.0  # widths of a node
_COLOURS = {
    "completed": "completed",
    "found": "completed",
    "failed": "failed",
    "missing": "failed",
    "running": "running",
    "waiting": "waiting",
    "hold": "hold",
    "cancelled": "cancelled",
}
_SIGNS = {
    "completed": "✓",
    "failed": "✗",
    "missing": "✗",
    "running": "•",
    "waiting": "↻",
    "hold": "?",
    "cancelled": "■",
    "skipped": "-",
    "satisfied": "✓",
    "pending": "○",
}


def graph_svg(graph: Graph, *, heading: str = "", embedded: bool = False) -> str:
    """Return the drawing of a graph; an `embedded` one has no style of its own."""
    layout = layout_of(graph)
    top = _MARGIN + (28.0 if heading else 0.0)
    widths = _widths(layout)
    lefts = [_MARGIN + sum(widths[:number]) + number * _GAP for number in range(layout.columns)]
    boxes = {
        each.node.key: (lefts[each.column], top + each.row * _PITCH, widths[each.column]) for each in layout.placed
    }
    critical = {each.node.key for each in layout.placed if each.node.critical}
    parts = [text(cut_end(heading, 110), _MARGIN, 26, "title")] if heading else []
    lines = [
        (
            wire.start in critical and wire.end in critical,
            _wire(boxes, wire.start, wire.end, wire.bends, lefts, widths, top),
        )
        for wire in layout.wires
    ]
    parts += [tag("path", d=line, class_="path" if on_path else "wire") for on_path, line in sorted(lines)]
    parts += [_node(each, boxes[each.node.key]) for each in layout.placed]
    wide = _MARGIN * 2 + sum(widths) + _GAP * max(0, layout.columns - 1)
    wide = max(wide, width_of(cut_end(heading, 110), 8.6) + 2 * _MARGIN)
    return frame(wide, top + layout.rows * _PITCH + 2, parts, name=f"Sheets of {graph.name}", embedded=embedded)


def _widths(layout: Layout) -> list[float]:
    widths = [_LEAST] * layout.columns
    for each in layout.placed:
        needed = max(width_of(_label(each.node), MONO) + 41, width_of(each.node.note) + 23)
        widths[each.column] = min(_MOST, max(widths[each.column], needed))
    return widths


def _label(node: Node) -> str:
    return f"{node.label} {TIMES}{node.members}" if node.members > 1 else node.label


def _wire(
    boxes: dict[int, tuple[float, float, float]],
    start: int,
    end: int,
    bends: tuple[float, ...],
    lefts: list[float],
    widths: list[float],
    top: float,
) -> str:
    """Return a smooth line from the right edge of a box to the left edge of another, through the gaps of the levels between."""
    x, y, wide = boxes[start]
    at_x, at_y = x + wide, y + _HIGH / 2
    line = [f"M{at_x:.1f},{at_y:.1f}"]
    first = lefts.index(x) + 1
    for column, row in enumerate(bends, first):
        y = top + row * _PITCH + _PITCH * 0.15
        line.append(_curve(at_x, at_y, lefts[column], y))
        at_x, at_y = lefts[column] + widths[column], y
        line.append(f"L{at_x:.1f},{at_y:.1f}")
    x, y, _ = boxes[end]
    return " ".join([*line, _curve(at_x, at_y, x, y + _HIGH / 2)])


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    return f"C{middle:.1f},{y:.1f} {middle:.1f},{to_y:.1f} {to_x:.1f},{to_y:.1f}"


def _node(placed: Placed, box: tuple[float, float, float]) -> str:
    node, (x, y, wide) = placed.node, box
    colour = _COLOURS.get(node.kind, "quiet")
    kind = "box" + (" critical" if node.critical else "") + (" bad" if node.kind in {"failed", "missing"} else "")
    kind += " dashed" if node.kind in {"missing", "skipped", "pending", "satisfied"} else ""
    parts = [title(f"{_label(node)}: {node.note}")]
    if node.members > 1:
        parts += [tag("rect", x=x + by, y=y - by, width=wide, height=_HIGH, rx=5, class_="box") for by in (6.0, 3.0)]
    parts += [
        tag("rect", x=x, y=y, width=wide, height=_HIGH, rx=5, class_=kind),
        tag("rect", x=x + 4, y=y + 5, width=4, height=_HIGH - 10, rx=2, class_=f"f-{colour}"),
        text(
            cut_middle(_label(node), int((wide - 40) / MONO)),
            x + 14,
            y + 16,
            "label bold" if node.critical else "label",
        ),
        text(
            cut_end(node.note, int((wide - 22) / SANS)),
            x + 14,
            y + 30,
            f"f-{colour}" if node.kind in {"failed", "missing", "running", "waiting", "hold"} else "quiet",
        ),
    ]
    if sign := _SIGNS.get(node.kind):
        parts.append(text(sign, x + wide - 9, y + 16, f"f-{colour}", "end"))
    return tag("g", *parts)
