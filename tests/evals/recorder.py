"""`python -m tests.evals.recorder LOG`: `podium serve`, with every line that passes written down.

Each line of the log is one message with its direction, `>` to the server and `<` from it.
"""

import subprocess
import sys
import threading
from pathlib import Path
from typing import IO


def main() -> int:
    """Pass both ways on until one side ends; return the server's exit code."""
    command = [sys.executable, "-m", "podium", "serve"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None
    assert server.stdout is not None
    with Path(sys.argv[1]).open("a", encoding="utf-8") as log:
        back = threading.Thread(target=_pass_on, args=(server.stdout, sys.stdout.buffer, log, "<"))
        back.start()
        _pass_on(sys.stdin.buffer, server.stdin, log, ">")
        server.stdin.close()
        back.join()
    return server.wait(timeout=30)


def _pass_on(source: IO[bytes], target: IO[bytes], log: IO[str], direction: str) -> None:
    for line in source:
        log.write(f"{direction}{line.decode(errors='replace').rstrip()}\n")
        log.flush()
        target.write(line)
        target.flush()


if __name__ == "__main__":
    sys.exit(main())
