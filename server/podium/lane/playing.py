"""One attempt, from its claim to its end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from . import memory, place, starting
from .senses import Senses
from .station import Station
from .streams import Streams
from .watching import Watching

SPEC_SECONDS, SPEC_LOOK_SECONDS = 2.0, 0.1  # for a spec that a network file system does not show at once
SETTLE_SECONDS = (
    0.2  # for a signal to the lane, when the attempt has ended by the same: a cluster sends it to all of a job
)
TERM_CODES = (-signal.SIGTERM, 128 + signal.SIGTERM)


class Player:
    """Plays attempts, one after the other. `tell` tells the guard about each, by serial and key.

    `adopts`: orphans come to us, so that without any child nothing of an attempt is left.
    """

    def __init__(
        self, station: Station, senses: Senses, pool: place.Pool, tell: Callable[[int, str], None], *, adopts: bool
    ) -> None:
        self._station = station
        self._senses = senses
        self._pool = pool
        self._tell = tell
        self._adopts = adopts
        self._counters = memory.kill_counters()

    def play(self, serial: int) -> place.Exit:
        """Play an attempt that we have claimed, and return how it ended."""
        attempt = self._station.attempt(serial)
        began = time.monotonic()
        spec, why = self._spec(attempt)
        if spec is None:
            return place.Exit("launch_failed", detail=why)
        self._tell(serial, spec.key)
        try:
            ask = place.read_ask(attempt)
        except OSError:
            ask = None
        if ask is not None and ask.what == "stop":
            return place.Exit(ask.reason or "cancelled", detail="it had not begun")
        return self._run(serial, attempt, spec)._replace(seconds=time.monotonic() - began)

    def _spec(self, attempt: str) -> tuple[place.Spec | None, str]:
        """Return what to run, and remove it, as it holds secrets; or why there is none."""
        path = os.path.join(attempt, place.SPEC)
        until = time.monotonic() + SPEC_SECONDS
        while True:
            try:
                spec, why = place.read_spec(attempt), "is torn" if os.path.lexists(path) else "is missing"
            except OSError as error:
                spec, why = None, f"cannot be read: {error.strerror}"
            if spec is not None or self._senses.terminated or time.monotonic() > until:
                break
            self._senses.wait(SPEC_LOOK_SECONDS)
        with suppress(OSError):  # it is missing, or the folder is read-only now: the conductor removes all of it later
            os.unlink(path)
        return spec, f"its spec {why} on node {self._station.node}"

    def _run(self, serial: int, attempt: str, spec: place.Spec) -> place.Exit:
        senses, node = self._senses, self._station.node
        senses.forget()
        kills = memory.kills(self._counters)
        streams = Streams(self._pool.stream_bytes)
        try:
            streams.open(attempt)
            senses.child, reader = starting.start(attempt, spec, streams.descriptors, node)
        except OSError as error:
            streams.close()
            return place.Exit("launch_failed", detail=f"cannot start it on node {node}: {error.strerror}")
        watching = Watching(attempt, spec, senses, streams, lambda: self._station.ring(serial))
        watching.to_the_end()
        if watching.reason == "exited" and senses.code:
            self._settle(watching)
        own = watching.reason == "exited"
        left = () if own and self._adopts and not senses.children else watching.tree.end(lambda: watching.deadline)
        streams.close()
        reason, detail, code = watching.reason, watching.detail, senses.code
        trouble = starting.trouble(reader)
        if own and trouble:
            reason, detail = "launch_failed", trouble
        elif own and code != 0 and memory.kills(self._counters) > kills:
            reason = "out_of_memory"
        return place.Exit(
            reason,
            code=code if code is not None and code >= 0 else None,
            signal=-code if code is not None and code < 0 else None,
            ended=watching.tree.ended,
            detail=detail,
            left=left,
        )

    def _settle(self, watching: Watching) -> None:
        """Find out whether the attempt has failed because the cluster ends the whole lane."""
        until = time.monotonic() + (SETTLE_SECONDS if self._senses.code in TERM_CODES else 0.0)
        while not self._senses.terminated and time.monotonic() < until:
            self._senses.wait(until - time.monotonic())
        if self._senses.terminated:
            watching.reason, watching.detail = "terminated", self._senses.terminated
