"""The critical path: the chain of sheets, each needed by the next, that decided when the last one ended."""

from collections.abc import Mapping, Sequence

_TOLERANCE = 0.05  # seconds; the end of a process and the start of the next are read from clocks of different precision


def critical_path(
    needs: Mapping[int, Sequence[int]], times: Mapping[int, tuple[float, float]], last: int | None = None
) -> tuple[int, ...]:
    """Return the numbers of the sheets on the path, the first one first.

    `times` has when each sheet that ran began and ended. The path ends with `last`, else with the sheet that ended last; before
    each sheet comes the one of its needs that ended last, since no other one kept it from starting. A need that ended after
    the sheet had begun (it was given to it later) kept it from nothing.
    """
    if last is None:
        last = max(times, key=lambda num: (times[num][1], -times[num][0], -num), default=None)
    path: dict[int, None] = {}
    while last is not None:
        path[last] = None
        began = times[last][0]
        before = [num for num in needs.get(last, ()) if num in times and times[num][1] <= began + _TOLERANCE]
        before = [num for num in before if num not in path]
        last = max(before, key=lambda num: (times[num][1], -num), default=None)
    return tuple(reversed(path))
