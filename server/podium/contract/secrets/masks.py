"""Finding secrets in a text and replacing each by `[value of NAME]`, in time that hardly depends on how many there are.

Every stretch of seven bytes holds four that begin at a multiple of four. So all such fours of a text are looked up among those
that the secrets have, at the speed of a set, and only where one is known the text is compared. 1 MiB takes some 30 ms.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from sys import byteorder
from typing import NamedTuple

from podium.contract.secrets.forms import PIECE_BYTES, forms
from podium.contract.secrets.names import COMMON, secret_parts

MARGIN = PIECE_BYTES  # bytes to look at beside a part of a text, to know a secret that its edge cuts
DECLARED_SHORTEST = 4  # characters of a secret that was declared as one
_GRAM = 4
_SHORTEST_SCANNED = 2 * _GRAM - 1
_SHORTEST_CUT = 4  # bytes of a secret at an edge that are still taken for a part of it


class Secret(NamedTuple):
    """A text to hide, and the variable whose value it is. It counts only where `before` stands before it."""

    name: str
    text: str
    before: str = ""


class Span(NamedTuple):
    """Bytes of a text that are a secret, or several that overlap: the variable of the first one names them."""

    start: int
    end: int
    name: str


class _Form(NamedTuple):
    """A form's variable, and how many of its bytes only say where the secret begins."""

    name: str
    before: int


class Masker:
    """Knows some secrets."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self.secrets = tuple(secrets)
        self._forms: dict[bytes, _Form] = {}
        for secret in self.secrets:
            before = secret.before.encode("utf-8", "surrogateescape")
            for form in forms(secret.text):
                self._forms.setdefault(before + form, _Form(secret.name, len(before)))
        # What is looked up: four bytes -> where they begin in a form, and how long this is. They are those at its end, as
        # tokens of one kind begin alike.
        self._grams: dict[int, set[tuple[int, int]]] = {}
        for form in self._forms:
            length = len(form)
            for at in range(length - _SHORTEST_SCANNED, length - _GRAM + 1) if length >= _SHORTEST_SCANNED else ():
                gram = int.from_bytes(form[at : at + _GRAM], byteorder)
                self._grams.setdefault(gram, set()).add((at, length))
        short = sorted(
            (re.escape(form) for form in self._forms if len(form) < _SHORTEST_SCANNED), key=len, reverse=True
        )
        self._short = re.compile(b"|".join(short)) if short else None

    def __bool__(self) -> bool:
        return bool(self._forms)

    def spans(self, data: bytes) -> list[Span]:
        """Return where secrets stand in the data, in order, none overlapping another."""
        if not self._forms:
            return []
        found = [*self._scanned(data)]
        if self._short:
            found += [self._span(each.start(), each[0]) for each in self._short.finditer(data)]
        return merged(found)

    def _scanned(self, data: bytes) -> Iterable[Span]:
        view = memoryview(data)[: len(data) - len(data) % _GRAM].cast("I")
        known = self._grams
        if known.keys().isdisjoint(view):
            return
        for place, gram in enumerate(view):
            if gram in known:
                for at, length in known[gram]:
                    start = _GRAM * place - at
                    if start >= 0 and (text := data[start : start + length]) in self._forms:
                        yield self._span(start, text)

    def _span(self, start: int, text: bytes) -> Span:
        name, before = self._forms[text]
        return Span(start + before, start + len(text), name)

    def cut(self, data: bytes, *, at_start: bool, at_end: bool) -> list[Span]:
        """Return the parts of secrets at the edges of data whose rest is lost for good, as in a log with a gap."""
        found = []
        head, tail = data[:PIECE_BYTES], data[-PIECE_BYTES:]
        for form, (name, before) in self._forms.items():
            if at_start and (end := _begins_with_end_of(form, head)):
                found.append(Span(0, end, name))
            if at_end and (size := _ends_with_begin_of(form, tail)) > before:
                found.append(Span(len(data) - size + before, len(data), name))
        return merged(found)

    def __call__(self, text: str) -> str:
        """Return the text with each secret replaced; the rest is unchanged."""
        if not self._forms:
            return text
        data = text.encode("utf-8", "surrogatepass")
        spans = self.spans(data)
        return replaced(data, spans).decode("utf-8", "surrogatepass") if spans else text


def _begins_with_end_of(form: bytes, data: bytes) -> int:
    """Return how many bytes at the start of the data are the end of the form, 0 for less than four or for all of it."""
    last, at = form[-_SHORTEST_CUT:], -1
    while (at := data.find(last, at + 1)) >= 0:
        end = at + len(last)
        if end < len(form) and form.endswith(data[:end]):
            return end
    return 0


def _ends_with_begin_of(form: bytes, data: bytes) -> int:
    """Return how many bytes at the end of the data are the beginning of the form, 0 for less than four or for all of it."""
    first, at = form[:_SHORTEST_CUT], -1
    while (at := data.find(first, at + 1)) >= 0:
        size = len(data) - at
        if size < len(form) and form.startswith(data[at:]):
            return size
    return 0


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order; those that overlap become one."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.start, -each.end)):
        if found and span.start < found[-1].end:
            found[-1] = found[-1]._replace(end=max(found[-1].end, span.end))
        elif found and span.start == found[-1].end and span.name == found[-1].name:
            found[-1] = found[-1]._replace(end=span.end)  # pieces of one long value
        else:
            found.append(span)
    return found


def replaced(data: bytes, spans: Iterable[Span], begin: int = 0, end: int | None = None) -> bytes:
    """Return the data from `begin` to `end` with the spans replaced; one that an edge cuts is replaced as a whole."""
    at, stop, parts = begin, len(data) if end is None else end, list[bytes]()
    for span in spans:
        if span.end > at and span.start < stop:
            label = f"[value of {span.name}]".encode("utf-8", "replace")
            parts += (data[at : max(at, span.start)], label)
            at = span.end
    return b"".join([*parts, data[at:stop]])


def secrets_in(variables: Mapping[str, str], *, declared: bool = False) -> Iterable[Secret]:
    """Yield the secrets among variables: those that names and values show, or all that are `declared` secret."""
    for name, value in sorted(variables.items()):
        for before, secret in secret_parts(name, value, declared=declared):
            if before or len(secret) >= DECLARED_SHORTEST:
                yield Secret(name, secret, before or (f"{name}=" if secret.lower() in COMMON else ""))


def redactor(variables: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that replaces each secret among `variables` by `[value of NAME]` and nothing else."""
    return Masker(secrets_in(variables))
