"""The socket: a health round trip against a bare echo, alone and among many clients."""

from contextlib import ExitStack

from tests.bench.machine import Bench
from tests.bench.measuring import Usage, in_turn, mean_ms
from tests.bench.peers import Line, request
from tests.bench.report import Row, Target

HEALTH = request("daemon.health")
CLIENTS = 500


def health(bench: Bench) -> list[Row]:
    """Measure one client that asks for health."""
    calls = bench.size(500, 200)
    with (
        bench.conductor() as conductor,
        bench.echo("lines") as by_lines,
        bench.echo("bytes") as by_bytes,
        ExitStack() as stack,
    ):
        paths = conductor.settings.socket, by_lines, by_bytes
        ours, lines, raw = (stack.enter_context(Line(path)) for path in paths)
        ours.shake_hands()
        asked, lined, echoed = in_turn(
            bench.rounds,
            lambda: mean_ms(lambda: ours.exchange(HEALTH), calls),
            lambda: mean_ms(lambda: lines.exchange(HEALTH), calls),
            lambda: mean_ms(lambda: raw.exchange(HEALTH), calls),
        )
    return [
        Row("health", "health round trip", asked, "ms", lined, "echo of lines by asyncio", Target("at most", 1.5)),
        Row("health", "health round trip", asked, "ms", echoed, "echo of bytes by anyio"),
    ]


def clients(bench: Bench) -> list[Row]:
    """Measure the same beside connected clients that do nothing, and what those cost."""
    calls = bench.size(500, 200)
    with bench.conductor() as alone, bench.conductor() as crowded, ExitStack() as crowd:
        before = Usage.of(crowded.pid).resident_mb
        for _ in range(CLIENTS - 1):
            crowd.enter_context(Line(crowded.settings.socket).shake_hands())
        kib = (Usage.of(crowded.pid).resident_mb - before) / CLIENTS * 1024
        with Line(alone.settings.socket).shake_hands() as one, Line(crowded.settings.socket).shake_hands() as among:
            many, single = in_turn(
                bench.rounds,
                lambda: mean_ms(lambda: among.exchange(HEALTH), calls),
                lambda: mean_ms(lambda: one.exchange(HEALTH), calls),
            )
    return [
        Row("clients", f"health round trip, {CLIENTS} clients connected", many, "ms", single, "1 client"),
        Row("clients", "memory a connected client", kib, "KiB"),
    ]
