"""The program that is copied to the shared folder: its files, and the name that changes with them."""

from __future__ import annotations

import hashlib
import os

MAIN = b'''"""Plays the attempts of the pool whose folder is the argument."""
import sys

if sys.version_info < (3, 8):
    sys.exit("Podium needs Python 3.8 or newer on the nodes of a cluster; this is Python " + sys.version.split()[0])

from lane.main import main

sys.exit(main(sys.argv[1:]))
'''


def files() -> dict[str, bytes]:
    """Return what the program consists of: the path of each file in its folder, and what it holds."""
    folder = os.path.dirname(os.path.abspath(__file__))
    found = {"__main__.py": MAIN}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), "rb") as file:
                found[f"lane/{name}"] = file.read()
    return found


def folder_name() -> str:
    """Return the name of the program's folder. Another version has another name, so that none is changed while lanes run it."""
    digest = hashlib.sha256()
    for name, content in sorted(files().items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return f"program-{digest.hexdigest()[:12]}"
