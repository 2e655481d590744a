"""The engines of a conductor, and which of them has which attempt."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from podium.conductor.engines.port import Engine, Place, Usage
from podium.score.model.plan import EngineName


class Engines:
    """Engines by name. An attempt belongs to one of them from `begin` to `end`."""

    def __init__(self, engines: Mapping[EngineName, Engine], default: EngineName = "local") -> None:
        """`default` plays the sheets that name no engine."""
        self._engines, self._default = engines, default
        self._of: dict[str, Engine] = {}

    def __iter__(self) -> Iterator[Engine]:
        return iter(self._engines.values())

    def __getitem__(self, name: EngineName) -> Engine:
        return self._engines[name]

    def begin(self, key: str, name: EngineName) -> Engine:
        """Note that an attempt belongs to an engine, and return it."""
        engine = self._of[key] = self._engines[name]
        return engine

    def end(self, key: str) -> None:
        """Forget an attempt that has ended."""
        self._of.pop(key, None)

    def halted(self, key: str) -> str:
        """Return why a running attempt does not go on although its process lives, and what to do; "" if it goes on."""
        engine = self._of.get(key)
        return engine.halted(key) if engine else ""

    def place(self, key: str) -> Place | None:
        """Return where an attempt was when it was last looked at; None if there is nothing to say about it."""
        engine = self._of.get(key)
        return engine.place(key) if engine else None

    def status(self) -> list[str]:
        """Return a line for each engine that is in use: its name, how many attempts it has, and whether it works."""
        counts = Counter(self._of.values())
        lines = []
        for name, engine in self._engines.items():
            if name not in {"local", self._default} and not (counts[engine] or engine.status()):
                continue
            title = f"{name} (the default)" if name == self._default != "local" else name
            told = f"{counts[engine]} {'attempt' if counts[engine] == 1 else 'attempts'}"
            lines.append(f"{title}: {'; '.join(filter(None, [told, engine.status()]))}")
        return lines

    async def describe(self, keys: Sequence[str]) -> dict[str, Usage]:
        """Return the load of those of these attempts that run."""
        asked: defaultdict[Engine, list[str]] = defaultdict(list)
        for key in keys:
            if engine := self._of.get(key):
                asked[engine].append(key)
        found: dict[str, Usage] = {}
        for engine, own in asked.items():
            found |= await engine.describe(own)
        return found
