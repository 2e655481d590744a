"""Where the nodes of a graph stand: a column for each level, and in it an order in which few lines cross."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from podium.plots.story.graph import Graph, Node

_SWEEPS = 6
_MOST_BENDS = 4000  # places where a line passes a level; with more, lines run straight
_THIN = 0.35  # of a row, that such a place takes


@dataclass(frozen=True)
class Placed:
    """A node with its column and its row; rows are fractions."""

    node: Node
    column: int
    row: float


@dataclass(frozen=True)
class Wire:
    """A line from a need to the node that needs it, with the rows in which it passes the levels between."""

    start: int
    end: int
    bends: tuple[float, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A graph with places. `rows` is the height."""

    placed: tuple[Placed, ...]
    wires: tuple[Wire, ...]
    columns: int
    rows: float


_Point = tuple[int, int, int]
"""A node is (its key, 0, 0); a bend is (need, node, level)."""


def layout_of(graph: Graph) -> Layout:
    """Place the nodes of a graph."""
    levels = graph.levels
    column = {node.key: number for number, nodes in enumerate(levels) for node in nodes}
    columns: list[list[_Point]] = [[(node.key, 0, 0) for node in nodes] for nodes in levels]
    chains = _chains(graph, column)
    for chain in chains:
        for point in chain[1:-1]:
            columns[point[2]].append(point)
    before: defaultdict[_Point, list[_Point]] = defaultdict(list)
    after: defaultdict[_Point, list[_Point]] = defaultdict(list)
    for chain in chains:
        for one, two in pairwise(chain):
            after[one].append(two)
            before[two].append(one)
    _order(columns, before, after)
    rows = _rows(columns)
    by_key = {node.key: node for node in graph.nodes}
    placed = tuple(Placed(by_key[key], column[key], rows[key, 0, 0]) for key in by_key)
    wires = tuple(Wire(chain[0][0], chain[-1][0], tuple(rows[point] for point in chain[1:-1])) for chain in chains)
    return Layout(placed, wires, len(levels), max([row + 1 for row in rows.values()], default=0))


def _chains(graph: Graph, column: dict[int, int]) -> list[list[_Point]]:
    """Return each line as the points that it goes through."""
    pairs = [(need, node.key) for node in graph.nodes for need in node.needs if need in column]
    bends = sum(max(0, column[node] - column[need] - 1) for need, node in pairs)
    return [
        [
            (need, 0, 0),
            *((need, node, level) for level in range(column[need] + 1, column[node]) if bends <= _MOST_BENDS),
            (node, 0, 0),
        ]
        for need, node in pairs
    ]


def _order(
    columns: Sequence[list[_Point]], before: dict[_Point, list[_Point]], after: dict[_Point, list[_Point]]
) -> None:
    """Sort each column by the mean place of the neighbours, to and fro a few times."""
    place = {point: number for column in columns for number, point in enumerate(column)}
    for sweep in range(_SWEEPS):
        neighbours = after if sweep % 2 else before
        for column in columns[::-1] if sweep % 2 else columns:
            weight = {
                point: (sum(place[each] for each in near) / len(near))
                if (near := neighbours.get(point))
                else place[point]
                for point in column
            }
            column.sort(key=lambda point: weight[point])
            place.update((point, number) for number, point in enumerate(column))


def _rows(columns: Sequence[list[_Point]]) -> dict[_Point, float]:
    """Return the row of each point: columns are centred on one another."""
    heights = [sum(_size(point) for point in column) for column in columns]
    rows: dict[_Point, float] = {}
    for column, height in zip(columns, heights, strict=True):
        row = (max(heights) - height) / 2
        for point in column:
            rows[point] = row
            row += _size(point)
    return rows


def _size(point: _Point) -> float:
    return _THIN if point[1] else 1.0
