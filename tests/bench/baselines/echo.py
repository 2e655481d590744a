"""Baselines: servers that send back what they get. `python -m tests.bench.baselines.echo lines|bytes SOCKET`.

`lines` is what anybody would write first: asyncio's streams, a line at a time. `bytes` does less than any server of messages can:
it does not even look for the end of a line.
"""

import asyncio
import sys

import anyio
from anyio.abc import SocketStream


async def _echo_lines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


async def _serve_lines(path: str) -> None:
    async with await asyncio.start_unix_server(_echo_lines, path) as server:
        await server.serve_forever()


async def _echo_bytes(stream: SocketStream) -> None:
    async with stream:
        try:
            while True:
                await stream.send(await stream.receive())
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return


async def _serve_bytes(path: str) -> None:
    await (await anyio.create_unix_listener(path)).serve(_echo_bytes)


if __name__ == "__main__":
    anyio.run({"lines": _serve_lines, "bytes": _serve_bytes}[sys.argv[1]], sys.argv[2])
