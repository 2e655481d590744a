"""Hostile inputs, drawn by seed and number: the same two give the same bytes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from podium.contract.methods import MAX_LINE_BYTES
from tests.fuzz import garbage
from tests.fuzz.calls import Stage, call, harmless_call

Ending = Literal["stays", "half-closes", "leaves", "stalls", "never reads"]
HEALTH = b'{"id":%d,"method":"daemon.health"}\n'
HANDSHAKE = b'{"id":0,"method":"daemon.status","params":{"protocol":"podium-1"}}\n'


@dataclass(frozen=True)
class Script:
    """What one peer does: it writes the parts with pauses between them, and ends as it is said.

    One that `stays` shares its connection with other inputs and is followed by a request that must be answered.
    """

    parts: tuple[bytes, ...]
    ending: Ending = "stays"
    pause: float = 0.0


@dataclass(frozen=True)
class Input:
    """One numbered input: the scripts are played at the same time, each on a connection of its own if there are several."""

    number: int
    kind: str
    scripts: tuple[Script, ...]

    @property
    def is_alone(self) -> bool:
        """Whether it can be played on a connection that is used again."""
        return len(self.scripts) == 1 and self.scripts[0].ending == "stays" and not self.scripts[0].pause

    @property
    def takes_long(self) -> bool:
        """Whether it lasts until the conductor loses its patience, half a minute or more."""
        return self.scripts[0].ending in {"stalls", "never reads"}


def draw(seed: str, number: int, stage: Stage, *, long: bool) -> Input:
    """Return an input; those that take half a minute, and most of the huge ones, only in a `long` campaign.

    Negative numbers are the heaviest ones, which come first: what they leave behind in memory is not growth.
    """
    random = Random(f"{seed}/{number}")
    kind = garbage.chosen(random, _LONG if long else _KINDS) if number >= 0 else _HEAVY[number % 2]
    scripts = kind(random, stage, number)
    return Input(number, kind.__name__, scripts if isinstance(scripts, tuple) else (scripts,))


def _call(random: Random, stage: Stage, number: int) -> bytes:
    method, params = call(random, stage)
    frame = {"jsonrpc": "2.0", "id": random.randrange(2**40), "method": method, "params": params}
    if random.random() < 0.1:
        frame["id"] = garbage.value(random, 1)
    return garbage.dumps(random, frame) + b"\n"


def _calls(random: Random, stage: Stage, number: int, most: int = 6) -> bytes:
    return b"".join(_call(random, stage, number) for _ in range(random.randrange(1, most)))


# -- malformed ----------------------------------------------------------------------------------------------------


def methods(random: Random, stage: Stage, number: int) -> Script:
    """Return a well-formed call with hostile parameters."""
    return Script((_call(random, stage, number),))


def malformed(random: Random, stage: Stage, number: int) -> Script:
    """Return something that is almost a request, or nothing like one."""
    makers = (
        _noise,
        _truncated,
        _mutated,
        _wrong_members,
        _wrong_members,
        _value,
        _batch,
        _twice,
        _not_utf8,
        _raw_number,
        _odd,
    )
    return Script((random.choice(makers)(random, stage, number),))


def _frame(random: Random, stage: Stage, number: int) -> bytes:
    method, params = harmless_call(random, stage)
    return garbage.dumps(random, {"id": number, "method": method, "params": params})


def _noise(random: Random, stage: Stage, number: int) -> bytes:
    return garbage.noise(random) + b"\n"


def _truncated(random: Random, stage: Stage, number: int) -> bytes:
    frame = _frame(random, stage, number)
    return frame[: random.randrange(len(frame))] + b"\n"


def _mutated(random: Random, stage: Stage, number: int) -> bytes:
    return garbage.mutated(random, _frame(random, stage, number)) + b"\n"


def _wrong_members(random: Random, stage: Stage, number: int) -> bytes:
    frame: dict[str, Any] = {"jsonrpc": "2.0", "id": number, "method": "job.list", "params": {}}
    for name in random.sample(sorted(frame), random.randrange(1, 3)):
        if random.random() < 0.2:
            del frame[name]
        else:
            frame[name] = garbage.value(random, 2)
    return garbage.dumps(random, frame) + b"\n"


def _value(random: Random, stage: Stage, number: int) -> bytes:
    return garbage.dumps(random, garbage.value(random)) + b"\n"


def _batch(random: Random, stage: Stage, number: int) -> bytes:
    return b"[" + b",".join([_frame(random, stage, number)] * random.randrange(4)) + b"]\n"


def _twice(random: Random, stage: Stage, number: int) -> bytes:
    """Return duplicate members, or two objects on one line."""
    if random.random() < 0.5:
        return _frame(random, stage, number) * 2 + b"\n"
    return b'{"id":1,"id":%d,"method":"nope","method":"daemon.health","params":[],"params":{}}\n' % number


def _not_utf8(random: Random, stage: Stage, number: int) -> bytes:
    return b'{"id":%d,"method":"daemon.health","params":{"x":"%b"}}\n' % (number, random.choice(garbage.NOT_UTF8))


def _raw_number(random: Random, stage: Stage, number: int) -> bytes:
    place = random.choice(
        (b'{"id":%b,"method":"daemon.health"}\n', b'{"id":1,"method":"job.list","params":{"limit":%b}}\n')
    )
    return place % random.choice(garbage.RAW_NUMBERS)


def _odd(random: Random, stage: Stage, number: int) -> bytes:
    health = HEALTH % number
    return random.choice((
        b"\n", b"  \n" * 5, b"\r\n", b"\0\n", b"\xef\xbb\xbf" + health, b"\xef\xbb\xbf" * 2 + health, b"\t" + health,
        health.decode().encode("utf-16"), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\n",
        b"Content-Length: 40\r\n\r\n" + health, b"// x\n" + health, b'{"id":"%b","method":"daemon.health"}\n' % (b"i" * 2000),
    ))  # fmt: skip


# -- sizes --------------------------------------------------------------------------------------------------------


def nested(random: Random, stage: Stage, number: int) -> Script:
    """Return values that are nested a little, up to where the parser stops, and far beyond."""
    levels = random.choice((random.randrange(1, 300), random.randrange(850, 1010), random.randrange(1000, 100_000)))
    start, end = random.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]"), (b"[1,", b"]")))
    body = start * levels + b"1" + end * random.choice((levels, levels, 0))
    frames = (b'{"id":%d,"method":"daemon.health","params":{"x":%b}}\n', b'{"id":%d,"method":%b}\n', b"%.0d%b\n",
              b'{"id":%d,"method":"task.state","params":{"key":"kkkkkkkkkkkkkkkk","end":{"x":%b}}}\n',
              b'{"id":%d,"method":"job.clear","params":{"job_ids":%b}}\n',
              b'{"id":%d,"method":"job.validate","params":{"variables":{"x":%b}}}\n')  # fmt: skip
    return Script((random.choice(frames) % (number, body),))


def large(random: Random, stage: Stage, number: int) -> Script:
    """Return a line of some 100 kB in one of the places that are echoed, looked up or compiled."""
    filling = random.choice(("x", "é", "\0", "\ud800", '"', "- ", "[", "{{", "{a: ")) * random.randrange(
        20_000, 200_000
    )
    name, method = random.choice((
        ("job_id", "job.status"), ("job_id", "job.cancel"), ("name", "job.list"), ("cursor", "job.list"), ("after", "job.events"),
        ("config_content", "job.validate"), ("config_path", "job.validate"), ("pattern", "job.log"), ("key", "task.state"),
    ))  # fmt: skip
    frame = {"id": number, "method": method, "params": {"job_id": stage.job_ids[0], name: filling}}
    return Script((json.dumps(frame).encode() + b"\n",))


def oversized(random: Random, stage: Stage, number: int) -> Script:
    """Return a line of about as many bytes as a frame may have, or more."""
    size = MAX_LINE_BYTES + random.choice((-1, 0, 1, 1000, 3_000_000))
    head, tail = random.choice((
        (b'{"id":%d,"method":"daemon.health","params":{"x":"' % number, b'"}}'),
        (b'{"id":%d,"method":"job.status","params":{"job_id":"' % number, b'"}}'),
        (b'{"id":%d,"method":"' % number, b'"}'), (b'{"method":"daemon.health","id":"', b'"}'), (b"", b""),
    ))  # fmt: skip
    filling = random.choice((b"x", b"\\u0000", b"\xc3\xa9"))
    line = head + filling * ((size - len(head) - len(tail) - 1) // len(filling)) + tail
    return Script((line + b" " * (size - len(line) - 1) + b"\n",))


def wide(random: Random, stage: Stage, number: int) -> Script:
    """Return a frame of a few megabytes that becomes ten times as much when it is parsed."""
    filling = random.choice((b"{},", b"[],", b"0.5,", b'"",', b'{"a":{}},')) * random.randrange(100_000, 700_000)
    return Script((b'{"id":%d,"method":"job.list","params":{"x":[%b0]}}\n' % (number, filling),))


# -- behaviour ----------------------------------------------------------------------------------------------------


def pipelined(random: Random, stage: Stage, number: int) -> Script:
    """Return many requests in one write, perhaps with garbage between them."""
    parts = [HEALTH % each for each in range(random.randrange(2, 120))]
    for _ in range(random.randrange(6)):
        parts.insert(random.randrange(len(parts)), random.choice((_call, _noise, _mutated))(random, stage, number))
    return Script((b"".join(parts),))


def interleaved(random: Random, stage: Stage, number: int) -> tuple[Script, ...]:
    """Return several peers whose frames are cut anywhere and arrive in turn."""
    return tuple(
        Script(garbage.cut(random, start + _calls(random, stage, number), 20), "half-closes")
        for start in random.choices((b"", HANDSHAKE), k=random.randrange(2, 5))
    )


def half_closed(random: Random, stage: Stage, number: int) -> Script:
    """Return a peer that shuts its side behind its requests, or in the middle of one."""
    data = _calls(random, stage, number)
    end = random.choice((len(data), len(data), random.randrange(len(data) + 1)))
    start = random.choice((b"", HANDSHAKE))
    return Script(garbage.cut(random, start + data[:end]), "half-closes")


def slow(random: Random, stage: Stage, number: int) -> Script:
    """Return a peer that dribbles its bytes."""
    data = random.choice((b"", HANDSHAKE)) + _calls(random, stage, number, 3)
    return Script(
        garbage.cut(random, data, 20), random.choice(("stays", "half-closes")), pause=random.uniform(0.001, 0.03)
    )


def abandoned(random: Random, stage: Stage, number: int) -> Script:
    """Return a peer that asks for much and goes away without a look at the replies."""
    data = random.choice((b"", HANDSHAKE)) + _calls(random, stage, number) * random.choice((1, 1, 50))
    return Script(garbage.cut(random, data + random.choice((b"", b'{"id":1,"meth'))), "leaves")


def flooding(random: Random, stage: Stage, number: int) -> Script:
    """Return a chunk of the shortest lines that must each be answered."""
    return Script((random.choice((b"\n", b"1\n", b"{}\n")) * random.randrange(1000, 20_000),))


def stalled(random: Random, stage: Stage, number: int) -> Script:
    """Return a peer that stops in the middle of a frame and stays: it is told so, and dropped."""
    return Script((_call(random, stage, number), b'{"id":1,"method'), "stalls")


def unread(random: Random, stage: Stage, number: int) -> Script:
    """Return a peer that asks, never reads and stays: it is dropped."""
    return Script((b'{"id":1,"method":"job.list"}\n' * 3000,), "never reads")


Maker = Callable[[Random, Stage, int], Any]
_KINDS: list[tuple[int, Maker]] = [
    (3600, malformed), (3600, methods), (800, nested), (600, pipelined), (500, half_closed), (400, interleaved),
    (300, abandoned), (100, slow), (60, large), (5, flooding), (3, wide), (3, oversized),
]  # fmt: skip
_HEAVY: tuple[Maker, ...] = (oversized, wide)
_LONG: list[tuple[int, Maker]] = [*_KINDS, (2, oversized), (1, wide), (2, stalled), (2, unread)]
