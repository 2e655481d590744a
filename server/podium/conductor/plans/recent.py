"""Plans compiled lately, for scores that are started again and again: the same text, for the same place and variables."""

import hashlib
import time
from collections import OrderedDict
from pathlib import Path

from podium.conductor.rules.plans import LoadedPlan
from podium.reader.requests import Compile

MOST = 64
ALONE_SECONDS = 0.25
MOST_CHARS = 64 * 1024  # of a score and of its plan; a longer one costs little more than its own reading


class RecentPlans:
    """Remembers plans that depend on nothing but what is asked."""

    def __init__(self) -> None:
        self._plans: OrderedDict[bytes, LoadedPlan] = OrderedDict()
        self._alone: tuple[Path, float] = Path(), 0.0  # a folder without profiles, and when that was seen

    def note_alone(self, folder: Path) -> None:
        """Note that a folder of scores has no profiles of its own."""
        self._alone = folder, time.monotonic()

    def is_alone(self, folder: Path) -> bool:
        """Return whether it was just noted that a folder has no profiles: the disk need not be asked for each of many starts."""
        known, at = self._alone
        return known == folder and time.monotonic() - at < ALONE_SECONDS

    def get(self, body: bytes, request: Compile) -> LoadedPlan | None:
        """Return the plan of this very request, None if it is not known."""
        key = _key(body, request)
        if key in self._plans:
            self._plans.move_to_end(key)
        return self._plans.get(key)

    def put(self, body: bytes, request: Compile, loaded: LoadedPlan) -> None:
        """Remember a plan, in place of the one that was not asked for longest."""
        if max(len(body), len(loaded.text)) <= MOST_CHARS:
            # A plan of its own: one that jobs share gives up its texts once they are stored.
            self._plans[_key(body, request)] = LoadedPlan(loaded.hash, loaded.plan, loaded.source, loaded.text)
            if len(self._plans) > MOST:
                self._plans.popitem(last=False)


def _key(body: bytes, request: Compile) -> bytes:
    place = (request.path, request.cwd, request.workspace, request.inherited, request.max_bytes)
    given = (place, sorted(request.variables.items()))
    return hashlib.sha256(repr(given).encode("utf-8", "surrogatepass") + b"\0" + body).digest()
