"""`python -I -S stranger.py SOCKET`: send one request from a process that the conductor has never seen, and print the answer.

The request is the standard input. The conductor remembers which processes have asked what took long; this one it cannot know.
"""

import socket
import sys

SECONDS = 60.0

if __name__ == "__main__":
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(SECONDS)
        peer.connect(sys.argv[1])
        peer.sendall(sys.stdin.buffer.read())
        with peer.makefile("rb") as lines:
            sys.stdout.buffer.write(lines.readline())
