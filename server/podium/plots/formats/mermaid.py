"""A graph in the language of Mermaid."""

from podium.plots.story.graph import Graph, Node
from podium.plots.words import TIMES

_PLAIN = frozenset("-_./() ")
_CLASSES = {
    "failed": "stroke:red,stroke-width:2px",
    "missing": "stroke:red,stroke-width:2px,stroke-dasharray:4 3",
    "completed": "stroke:green",
    "running": "stroke:blue,stroke-width:2px",
    "waiting": "stroke:orange",
    "hold": "stroke:purple,stroke-width:2px",
    "cancelled": "stroke:gray,stroke-dasharray:4 3",
    "skipped": "stroke:gray,stroke-dasharray:4 3",
    "satisfied": "stroke:gray,stroke-dasharray:4 3",
}


def mermaid(graph: Graph) -> str:
    """Return the flowchart of a graph, from left to right."""
    lines = ["flowchart LR"]
    lines += [f'    s{node.key}["{_words(node)}"]' for node in graph.nodes]
    lines += [f"    s{need} --> s{node.key}" for node in graph.nodes for need in node.needs]
    for kind in dict.fromkeys(node.kind for node in graph.nodes if node.kind in _CLASSES):
        members = ",".join(f"s{node.key}" for node in graph.nodes if node.kind == kind)
        lines += [f"    classDef {kind} {_CLASSES[kind]}", f"    class {members} {kind}"]
    return "\n".join(lines) + "\n"


def _words(node: Node) -> str:
    times = f" {TIMES}{node.members}" if node.members > 1 else ""
    return quoted(node.label + times) + (f"<br/>{quoted(node.note)}" if node.note else "")


def quoted(text: str) -> str:
    """Return a text for use between quotes: what could mean something to Mermaid, or to the HTML that it makes, is a number."""
    return "".join(each if each.isalnum() or each in _PLAIN or ord(each) > 127 else f"#{ord(each)};" for each in text)
