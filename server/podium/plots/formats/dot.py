"""A graph in the language of Graphviz."""

from podium.plots.story.graph import Graph, Node
from podium.plots.words import TIMES

_LOOKS = {
    "failed": 'color="red", penwidth=2',
    "missing": 'color="red", penwidth=2, style="rounded,dashed"',
    "completed": 'color="darkgreen"',
    "running": 'color="blue", penwidth=2',
    "waiting": 'color="orange"',
    "hold": 'color="purple", penwidth=2',
    "cancelled": 'color="gray", style="rounded,dashed"',
    "skipped": 'color="gray", style="rounded,dashed"',
    "satisfied": 'color="gray", style="rounded,dashed"',
}


def dot(graph: Graph) -> str:
    """Return the directed graph, from left to right."""
    lines = [
        f"digraph {quoted(graph.name)} {{",
        "    rankdir=LR;",
        '    node [shape=box, style="rounded", fontname="sans-serif"];',
    ]
    lines += [f"    s{node.key} [{', '.join(_attributes(node))}];" for node in graph.nodes]
    lines += [f"    s{need} -> s{node.key};" for node in graph.nodes for need in node.needs]
    return "\n".join([*lines, "}"]) + "\n"


def _attributes(node: Node) -> list[str]:
    times = f" {TIMES}{node.members}" if node.members > 1 else ""
    label = quoted(node.label + times)
    if node.note:
        label = f"{label[:-1]}\\n{quoted(node.note)[1:]}"
    return [f"label={label}", *([_LOOKS[node.kind]] if node.kind in _LOOKS else [])]


def quoted(text: str) -> str:
    """Return a text as a quoted string of Graphviz, in which it stands for nothing but itself."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{escaped}"'
