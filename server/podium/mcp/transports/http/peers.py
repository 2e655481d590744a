"""Whose connection it is, as the kernel of Linux knows it: the owner of the socket at the other end of one on this machine.

Sources: proc(5) on /proc/net/tcp, and net/ipv4/tcp_ipv4.c for its columns. A connection of another network namespace is not
listed there, and neither is one of another machine.
"""

import ipaddress
import sys
from pathlib import Path

Address = tuple[str, int]

TABLES = tuple(Path(f"/proc/self/net/{name}") for name in ("tcp", "tcp6"))
_MAPPED = bytes(10) + b"\xff\xff"  # begins an IPv4 address that a socket of IPv6 uses
_CONNECTING = "02"  # SYN_SENT: a socket that only tries to use the same pair of addresses
_TRIES = 3  # a table that changes while it is read may skip an entry


def are_known() -> bool:
    """Return whether this system can tell at all."""
    return sys.platform == "linux" and TABLES[0].exists()


def owner(peer: Address, here: Address) -> int | None:
    """Return the user id of whoever opened the connection from `peer` to `here`, None if it is not known. Blocking.

    A process that has closed its end already counts as not known: the kernel has no owner for what is left of it.
    """
    theirs, ours = _written(peer), _written(here)
    for _ in range(_TRIES):
        for table in TABLES:
            if (found := _search(table, theirs, ours)) is not None:
                return found
    return None


def _search(table: Path, theirs: set[str], ours: set[str]) -> int | None:
    try:
        lines = table.read_text("ascii").splitlines()[1:]
    except OSError:  # without IPv6 there is one table
        return None
    for line in lines:
        local, remote, state, *_, user, _timeout, inode = line.split()[1:10]
        if local in theirs and remote in ours and state != _CONNECTING and inode != "0":
            return int(user)
    return None


def _written(address: Address) -> set[str]:
    """Return how the tables may write an address: words of 32 bits in the order of this machine, and the port."""
    host, port = address
    parsed = ipaddress.ip_address(host.partition("%")[0])
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    plain = (mapped or parsed).packed
    forms = [plain, _MAPPED + plain] if len(plain) == 4 else [plain]
    return {f"{_words(form)}:{port:04X}" for form in forms}


def _words(packed: bytes) -> str:
    step = -1 if sys.byteorder == "little" else 1
    return "".join(packed[start : start + 4][::step].hex().upper() for start in range(0, len(packed), 4))
