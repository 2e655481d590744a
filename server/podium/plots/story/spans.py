"""Spans of time: what a sheet or a job did between two moments. Moments are in seconds since the epoch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, get_args

AttemptKind = Literal["completed", "failed", "lost", "cancelled", "skipped", "abandoned", "running"]
WaitKind = Literal["retry", "limit", "hold", "ready", "paused", "stopped"]
SpanKind = AttemptKind | WaitKind

ATTEMPTS: frozenset[SpanKind] = frozenset(get_args(AttemptKind))
LOST = {"lost", "node_failed", "preempted", "cancelled_elsewhere"}
"""The end reasons of attempts that went with what they ran on: `on_lost` decides what follows."""
WORDS: dict[SpanKind, str] = {
    "completed": "completed",
    "failed": "failed attempt",
    "lost": "lost attempt",
    "cancelled": "cancelled",
    "skipped": "skipped by its condition",
    "abandoned": "attempt that never began",
    "running": "running",
    "retry": "waits before a retry",
    "limit": "waits for a rate limit",
    "hold": "waits for approval",
    "ready": "ready, not started yet",
    "paused": "job paused",
    "stopped": "job stopped",
}
"""What a span is called in a legend."""


@dataclass(frozen=True)
class Span:
    """Something that lasted from `start` to `end`; it goes on if it is `open`. `attempt` is 0 for a wait."""

    kind: SpanKind
    start: float
    end: float
    attempt: int = 0
    note: str = ""
    open: bool = False

    @property
    def seconds(self) -> float:
        """How long it lasted so far."""
        return max(0.0, self.end - self.start)

    @property
    def is_attempt(self) -> bool:
        """Whether a process ran, or was to run."""
        return self.kind in ATTEMPTS


def overlaid(start: float, end: float, layers: Sequence[Iterable[Span]]) -> list[Span]:
    """Return what fills the time between two moments: at each of them the span of the first layer that has one there."""
    inside = [
        [
            replace(each, start=max(start, each.start), end=min(end, each.end))
            for each in layer
            if each.end > start and each.start < end
        ]
        for layer in layers
    ]
    edges = sorted({start, end, *(edge for layer in inside for each in layer for edge in (each.start, each.end))})
    found: list[Span] = []
    for left, right in pairwise(edges):
        top = next((each for layer in inside for each in layer if each.start <= left and each.end >= right), None)
        if top is None:
            continue
        last = found[-1] if found else None
        if last is not None and last.end == left and (last.kind, last.note) == (top.kind, top.note):
            found[-1] = replace(last, end=right, open=top.open and right == end)
        else:
            found.append(replace(top, start=left, end=right, open=top.open and right == end))
    return found
