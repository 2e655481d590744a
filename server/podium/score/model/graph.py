"""Order and cycles of a dependency graph. Nodes are 0..n-1; `needs[i]` are the nodes that must come before node i."""

from collections.abc import Sequence

Graph = Sequence[Sequence[int]]


def order(needs: Graph) -> list[int]:
    """Return the nodes so that each comes after those it needs; nodes on a cycle or behind one are left out."""
    waiting = [len(set(before)) for before in needs]
    after: list[list[int]] = [[] for _ in needs]
    for node, before in enumerate(needs):
        for other in set(before):
            after[other].append(node)
    ready = [node for node, count in enumerate(waiting) if count == 0]
    for node in ready:  # grows while it is walked
        for other in after[node]:
            waiting[other] -= 1
            if waiting[other] == 0:
                ready.append(other)
    return ready


def cycles(needs: Graph) -> list[list[int]]:
    """Return cycles, each as the path from a node back to itself along its needs; an acyclic graph has none.

    A cycle that shares nodes with one of these may be missing: it appears once the first is broken.
    """
    left = set(range(len(needs))) - set(order(needs))
    found: list[list[int]] = []
    seen: set[int] = set()
    for start in sorted(left):
        walk: dict[int, int] = {}
        node = start
        while node not in seen:
            seen.add(node)
            walk[node] = len(walk)
            node = next(other for other in needs[node] if other in left)
        if node in walk:
            found.append([*list(walk)[walk[node] :], node])
    return found
