"""The program that is copied to the shared folder: its files, and the name that changes with them."""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import os
import sys
from collections.abc import Mapping

UNCHECKED_HASH = 1  # of PEP 552: Python takes the byte code without a look at the source
PLAIN_MARSHAL = 2  # the last version in which the same source always gives the same bytes

MAIN = b'''"""Plays the attempts of the pool whose folder is the argument."""
import sys

if sys.version_info < (3, 8):
    sys.exit("Podium needs Python 3.8 or newer on the nodes of a cluster; this is Python " + sys.version.split()[0])

from lane.main import main

sys.exit(main(sys.argv[1:]))
'''


def sources() -> dict[str, bytes]:
    """Return the sources of the program: the path of each file in its folder, and what it holds."""
    folder = os.path.dirname(os.path.abspath(__file__))
    found = {"__main__.py": MAIN}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), "rb") as file:
                found[f"lane/{name}"] = file.read()
    return found


def files() -> dict[str, bytes]:
    """Return all that the program consists of: the sources, and their byte code for nodes that have the same Python as ours."""
    found = sources()
    compiled = {_beside(name): _compiled(name, each) for name, each in found.items() if name.startswith("lane/")}
    return found | compiled


def _beside(name: str) -> str:
    folder, _, file = name.rpartition("/")
    return f"{folder}/__pycache__/{file[:-3]}.{sys.implementation.cache_tag}.pyc"


def _compiled(name: str, source: bytes) -> bytes:
    """Return a source as byte code, in the form of PEP 552."""
    code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    head = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH.to_bytes(4, "little") + importlib.util.source_hash(source)
    return head + marshal.dumps(code, PLAIN_MARSHAL)


def folder_name(content: Mapping[str, bytes]) -> str:
    """Return the name of the folder of a program. Another one has another name, so that none is changed while lanes run it."""
    digest = hashlib.sha256()
    for name, each in sorted(content.items()):
        digest.update(f"{name}\0{len(each)}\0".encode() + each)
    return f"program-{digest.hexdigest()[:12]}"
