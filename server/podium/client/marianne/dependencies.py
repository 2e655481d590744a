"""Which sheets of a score for a Marianne conductor wait for which, and what is wrong with that."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

import yaml

from podium.client.marianne.document import items, members, number_of, problem, whole
from podium.contract.models import ProblemView

HANGS = "this conductor would let the job hang in state running"

Found = Mapping[str, yaml.Node]
"""The parts of a score by their paths."""


def of_dependencies(found: Found) -> Iterator[ProblemView]:
    """Yield what is wrong with what waits for what; with `fan_out` the numbers are those of stages."""
    graph: dict[int, list[int]] = {}
    total = sheets_total(found)
    for key, node in members(found.get("sheet.dependencies")).items():
        field = f"sheet.dependencies.{key}"
        if not isinstance(node, yaml.SequenceNode):
            yield problem(field, node, "must be a list")
            continue
        numbers = [number_of(key), *(whole(each) for each in items(node))]
        known = [number for number in numbers if number is not None]
        if len(known) < len(numbers):
            yield problem(field, node, "must name sheets by their numbers")
        elif total is not None and not all(1 <= number <= total for number in known):
            yield problem(field, node, f"names a sheet that does not exist; the last one is {total}")
        else:
            graph[known[0]] = known[1:]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " -> ".join(map(str, error.args[1]))
        yield problem("sheet.dependencies", found["sheet.dependencies"], f"go in a circle ({circle}): {HANGS}")


def of_fan_out(found: Found) -> Iterator[ProblemView]:
    """Yield what is wrong with the numbers of sheets that stages become."""
    stages = members(found.get("sheet.fan_out"))
    for field in ("sheet.size", "sheet.start_item"):
        if stages and field in found and whole(found[field]) != 1:
            yield problem(field, found[field], "must be 1 with fan_out")
    total = sheets_total(found)
    for key, node in stages.items():
        stage, count = number_of(key), whole(node)
        if count is None or count < 1:
            yield problem(f"sheet.fan_out.{key}", node, "must be at least 1")
        if stage is None or stage < 1 or (total is not None and stage > total):
            yield problem(f"sheet.fan_out.{key}", node, "is not a stage of this score")


def sheets_total(found: Found) -> int | None:
    """Return how many sheets, or stages, the items make, None if that cannot be told."""
    numbers = [whole(found[field]) if field in found else None for field in ("sheet.size", "sheet.total_items")]
    first = whole(found["sheet.start_item"]) if "sheet.start_item" in found else 1
    size, last = numbers
    if size is None or last is None or first is None or min(size, last, first) < 1:
        return None
    return max(0, -(-(last - first + 1) // size))
