"""An attempt while it runs: its clock, its limits, what is asked of it, and its signs of life."""

from __future__ import annotations

import time
from collections.abc import Callable

from . import place
from .load import Load
from .senses import Senses
from .streams import Streams
from .tree import Tree

MOST_STEP_SECONDS = (
    5.0  # that count at once: a lane which was stopped itself, as by a suspended job, goes on where it was
)
TERMINATED_SECONDS = (
    10.0  # of grace when the cluster ends the lane: it kills what is left after 30 s, if not told otherwise
)
LEAST_SECONDS = 0.001


class Watching:
    """Watches one attempt. `reason` is why it ended or is being ended, "" as long as it goes on; the first reason counts.

    A stop may come again, with less grace: the earlier moment counts.
    """

    def __init__(
        self, attempt: str, spec: place.Spec, senses: Senses, streams: Streams, ring: Callable[[], None]
    ) -> None:
        """`ring` says that there is something new about the attempt."""
        self.reason = self.detail = ""
        self.deadline = 0.0  # when KILL follows, by the monotonic clock
        self.tree = Tree(spec.key, senses.child, self.tick)
        self._attempt = attempt
        self._spec = spec
        self._senses = senses
        self._streams = streams
        self._load = Load(attempt, senses.child)
        self._last = time.monotonic()
        self._spent = 0.0
        self._next_look = 0.0  # at what is asked; the first one at once
        self._asked: place.Ask | None = None
        self._held = False  # or is being held
        self._holds = False  # all of it
        self._held_seconds = 0.0  # also while the lane was stopped itself
        self._ring = ring

    def to_the_end(self) -> None:
        """Return when the attempt has ended by itself, or has to be ended."""
        while not self.reason:
            self.tick(self._streams.next_look)

    def stop(self, reason: str, grace_seconds: float, detail: str = "") -> None:
        """Note that the attempt has to end."""
        deadline = time.monotonic() + grace_seconds
        if not self.reason:
            self.reason, self.detail, self.deadline = reason, detail, deadline
        self.deadline = min(self.deadline, deadline)

    def tick(self, seconds: float) -> None:
        """Wait for so long at most, or until a child ends, and do what is due."""
        senses, spec = self._senses, self._spec
        left = spec.timeout_seconds - self._spent if spec.timeout_seconds is not None and not self._held else seconds
        senses.wait(min(seconds, self._streams.next_look, max(left, LEAST_SECONDS)))
        now = time.monotonic()
        step = now - self._last
        passed = 0.0 if self._held else min(step, MOST_STEP_SECONDS)
        self._last = now
        self._spent += passed
        self._held_seconds += step - passed
        if not self.reason and senses.status is not None:
            self.stop("exited", spec.grace_seconds)
        if senses.terminated:
            self.stop("terminated", min(spec.grace_seconds, TERMINATED_SECONDS), senses.terminated)
        self._keep_limits(passed)
        if senses.nudged or now >= self._next_look:
            senses.nudged = False
            self._next_look = now + place.LOOK_SECONDS
            self._hear()
        if senses.status is None and self._load.is_due():
            self._tell()

    def _keep_limits(self, passed: float) -> None:
        spec = self._spec
        if not self._streams.look(passed):
            self.stop("output_limit", spec.grace_seconds, f"a stream exceeds {self._streams.limit} bytes")
        if self.reason or self._held:
            return
        if spec.timeout_seconds is not None and self._spent >= spec.timeout_seconds:
            self.stop("timed_out", spec.grace_seconds)
        if spec.quiet_seconds is not None and self._streams.quiet_seconds >= spec.quiet_seconds:
            self.stop("stale", spec.grace_seconds)

    def _hear(self) -> None:
        """Do what is asked. What is held is looked at again and again: something of it may have been in the middle of a fork."""
        try:
            ask = place.read_ask(self._attempt)
        except OSError:
            return
        new, held = ask != self._asked, self._holds
        self._asked = ask
        if ask is None:
            return
        if ask.what == "stop" and new:
            self.stop(ask.reason or "cancelled", ask.grace_seconds)
        elif ask.what == "hold" and not self.reason:
            self._held = True
            self._holds = self.tree.hold()
        elif ask.what == "go" and self._held and not self.reason:
            self._held = self._holds = False
            self.tree.go_on()
        if (new or held != self._holds) and not self.reason:
            self._tell()
            self._ring()

    def _tell(self) -> None:
        self._load.tell(self.tree.look(), self._senses.cpu_seconds, self._held_seconds, holds=self._holds)
