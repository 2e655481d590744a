"""Values and bytes that programs stumble over."""

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random
from typing import Any

STRINGS = (
    "", " ", "\0", "a\0b", "\ud800", "x\udfff\ud800y", "é", "\U0001f600" * 30, "\u202e\u2028", "\ufeff", "\r\n\t\x1b[31m",
    "..", "../../../etc/passwd", "/", "/dev/zero", "/dev/null", "/dev/stdin", "/proc/self/mem", "~root", "file:///etc",
    "a" * 300, "b" * 5000, "%s%n%d", "{{ 7*7 }}", "{workspace}", "$(true)", "'; DROP TABLE jobs; --", "%", "_", "*", "[", "(",
    "-1", "0", "1", "00", "1e400", "\u0663", "\u00b2", "9" * 20, "9" * 5000, "NaN", "null", "true", "podium", "running",
    "completed", "stdout", "tail", ":", "::1", "x:1", ".", "1.1.1.x",
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 2, 7, 200, 501, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**30, -(10**300), 1.5, 0.1, -0.0,
    1e308, -1e308, 5e-324, float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
RAW_NUMBERS = (b"1" * 5000, b"-" + b"9" * 4301, b"1e999", b"-1E+400", b"01", b"1.", b".5", b"+1", b"0x10", b"Infinity", b"-NaN",
               b"1e", b"1_000", b"- 1")  # fmt: skip
NOT_UTF8 = (b"\xff", b"\xfe\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xe2\x82", b"\xf0\x9f")


def value(random: Random, depth: int = 3) -> Any:
    """Return any JSON value; NaN and infinities among them, which Python's parser takes."""
    roll = random.random()
    if roll < 0.35 or depth == 0:
        return text(random) if roll < 0.2 else random.choice(NUMBERS)
    if roll < 0.5:
        return random.choice((None, True, False))
    if roll < 0.7:
        return text(random)
    inner = [value(random, depth - 1) for _ in range(random.randrange(4))]
    return inner if roll < 0.85 else {text(random): each for each in inner}


def text(random: Random) -> str:
    """Return an awkward string."""
    if random.random() < 0.8:
        return random.choice(STRINGS)
    return "".join(chr(random.randrange(0x11000)) for _ in range(random.randrange(12)))


def dumps(random: Random, what: Any) -> bytes:
    """Return JSON in one of its spellings. Lone surrogates are escaped, or become what is no UTF-8."""
    spaced = random.random() < 0.2
    escaped = random.random() < 0.7
    return json.dumps(what, ensure_ascii=escaped, separators=(", ", " : ") if spaced else (",", ":")).encode(
        errors="surrogatepass"
    )


def noise(random: Random) -> bytes:
    """Return random bytes, newlines among them."""
    return random.randbytes(random.choice((1, 3, 20, 400)))


def mutated(random: Random, frame: bytes) -> bytes:
    """Return a frame with a few of its bytes changed, removed or added."""
    found = bytearray(frame)
    for _ in range(random.randrange(1, 5)):
        place = random.randrange(len(found) + 1)
        change = random.choice(
            (b"", b"", b'"', b"{", b"}", b"[", b"\\", b",", b"\0", b"\n", *NOT_UTF8, random.randbytes(1))
        )
        found[place : place + random.randrange(3)] = change
    return bytes(found)


def cut(random: Random, data: bytes, most: int = 8) -> tuple[bytes, ...]:
    """Split data at random places."""
    places = sorted({random.randrange(len(data) + 1) for _ in range(random.randrange(1, most))} | {0, len(data)})
    return tuple(data[a:b] for a, b in pairwise(places))


def chosen(random: Random, weighted: Sequence[tuple[int, Callable[..., Any]]]) -> Callable[..., Any]:
    """Return one of the functions, by their weights."""
    weights, functions = zip(*weighted, strict=True)
    found: Callable[..., Any] = random.choices(functions, weights)[0]
    return found
