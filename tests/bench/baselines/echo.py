"""Baseline: a server that sends back each line it gets. `python -m tests.bench.baselines.echo SOCKET`."""

import sys

import anyio
from anyio.abc import SocketStream


async def _echo(stream: SocketStream) -> None:
    async with stream:
        try:
            while True:
                line = await stream.receive()
                while not line.endswith(b"\n"):
                    line += await stream.receive()
                await stream.send(line)
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return


async def _main(path: str) -> None:
    await (await anyio.create_unix_listener(path, backlog=1024)).serve(_echo)


if __name__ == "__main__":
    anyio.run(_main, sys.argv[1])
