"""The sheets of a score or a job as a graph: who needs whom, in levels."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from podium.contract.models import PlanSheetView, PlanView
from podium.plots.story.folding import FEWEST, fan_of
from podium.plots.story.story import Story
from podium.plots.story.telling import look_of, result_of
from podium.plots.words import counted, in_line


@dataclass(frozen=True)
class Node:
    """A sheet, or several folded into one. `kind` is its state, or of a plan: found, missing, hold, satisfied."""

    key: int
    label: str
    needs: tuple[int, ...] = ()
    kind: str = "found"
    note: str = ""
    critical: bool = False
    members: int = 1


@dataclass(frozen=True)
class Graph:
    """Nodes, each after those that it needs."""

    name: str
    nodes: tuple[Node, ...]

    @property
    def levels(self) -> list[list[Node]]:
        """The nodes by the length of the longest chain of needs before them."""
        level: dict[int, int] = {}
        found: defaultdict[int, list[Node]] = defaultdict(list)
        for node in self.nodes:
            level[node.key] = 1 + max((level[need] for need in node.needs if need in level), default=-1)
            found[level[node.key]].append(node)
        return [found[number] for number in sorted(found)]


def graph_of_plan(plan: PlanView) -> Graph:
    """Return the graph of a checked score."""
    nodes = (
        Node(each.sheet, plan_label(each), tuple(each.needs), _plan_kind(each), plan_note(each)) for each in plan.sheets
    )
    return Graph(in_line(plan.job_name), _in_order(nodes))


def graph_of_story(story: Story) -> Graph:
    """Return the graph of a job: each sheet with its state and what became of it."""
    path = set(story.path)
    nodes = (
        Node(
            lane.sheet.sheet,
            lane.label,
            tuple(lane.sheet.needs),
            look_of(lane),
            result_of(lane),
            critical=lane.sheet.sheet in path,
        )
        for lane in story.lanes
    )
    return Graph(in_line(story.job.job_name), _in_order(nodes))


def plan_label(sheet: PlanSheetView) -> str:
    """Return what a sheet of a plan is called."""
    return in_line(sheet.name) or str(sheet.sheet)


def _plan_kind(sheet: PlanSheetView) -> str:
    if not sheet.instrument_found:
        return "missing"
    return "satisfied" if sheet.satisfied else "hold" if sheet.hold else "found"


def plan_note(sheet: PlanSheetView) -> str:
    """Return what is to be known of a sheet of a plan in a few words."""
    parts = [in_line(sheet.instrument) + ("" if sheet.instrument_found else " not found")]
    parts += [counted(sheet.validations, "validation")] if sheet.validations else []
    parts += [counted(sheet.max_retries, "retry").replace("retrys", "retries")] if sheet.max_retries else []
    parts += [in_line(sheet.resources)] if sheet.resources else []
    parts += [f"asks: {in_line(sheet.hold)}"] if sheet.hold else []
    parts += ["counts as done"] if sheet.satisfied else []
    return ", ".join(parts)


def _in_order(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Return nodes so that each comes after those that it needs; what needs itself in a circle comes last, as it is."""
    left = {node.key: node for node in nodes}
    found: dict[int, Node] = {}
    for key, first in left.items():
        ahead = {key: iter(first.needs)}
        while ahead:
            last = next(reversed(ahead))
            need = next(
                (each for each in ahead[last] if each in left and each not in found and each not in ahead), None
            )
            if need is not None:
                ahead[need] = iter(left[need].needs)
            else:
                found.setdefault(last, left[last])
                del ahead[last]
    return tuple(found.values())


def folded(graph: Graph, limit: int) -> Graph:
    """Return a graph of at most about `limit` nodes: sheets of one `foreach` become one node, or those of one level or a few."""
    if len(graph.nodes) <= limit:
        return graph
    level = {node.key: number for number, nodes in enumerate(graph.levels) for node in nodes}
    fans = _merged(
        graph, lambda node: (fan_of(node.label), level[node.key]) if fan_of(node.label) else None, "{fan}[…]"
    )
    if len(fans.nodes) <= limit:
        return fans
    levels = _merged(graph, lambda node: (level[node.key],), "level {level}")
    if len(levels.nodes) <= limit:
        return levels
    size = -(-len(graph.levels) // limit)  # of what stands for several levels, in a chain that is long
    return _merged(graph, lambda node: (level[node.key] // size * size,), "from level {level}")


def _merged(graph: Graph, group: Callable[[Node], Hashable | None], name: str) -> Graph:
    """Return a graph in which the nodes of a group are one; a group of few stays apart, and None is no group."""
    groups: defaultdict[Hashable, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        found = group(node)
        groups[("alone", node.key) if found is None else found].append(node)
    becomes: dict[int, int] = {}
    made: list[Node] = []
    for key, members in groups.items():
        first = members[0]
        if len(members) < FEWEST:
            made += members
            continue
        becomes.update((node.key, first.key) for node in members)
        label = name.format(fan=fan_of(first.label), level=key[-1] + 1 if isinstance(key, tuple) else "")
        made.append(_together(members, label))
    nodes = [replace(node, needs=_needs(node, becomes)) for node in made]
    return Graph(graph.name, _in_order(nodes))


def _together(members: Sequence[Node], label: str) -> Node:
    kinds: defaultdict[str, int] = defaultdict(int)
    for node in members:
        kinds[node.kind] += 1
    worst = next((kind for kind in ("failed", "missing", "running", "waiting", "cancelled") if kind in kinds), "")
    commonest = max(kinds, key=lambda kind: kinds[kind])
    note = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items(), key=lambda each: -each[1]))
    if set(kinds) == {"found"}:  # of a plan: what plays them, if it is the same for all
        note = members[0].note if all(node.note == members[0].note for node in members) else ""
    return Node(
        members[0].key,
        label,
        tuple(dict.fromkeys(need for node in members for need in node.needs)),
        worst or commonest,
        note,
        critical=any(node.critical for node in members),
        members=len(members),
    )


def _needs(node: Node, becomes: dict[int, int]) -> tuple[int, ...]:
    found = dict.fromkeys(becomes.get(need, need) for need in node.needs)
    return tuple(need for need in found if need != node.key)
