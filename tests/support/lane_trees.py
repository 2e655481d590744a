"""Scripts of attempts that have every kind of descendant, and what tests of lanes look at."""

from pathlib import Path

from tests.support.podium_home import until

MIB = 1024 * 1024
STUBBORN = "trap '' TERM INT HUP; echo $BASHPID >>pids; while :; do read -rt 9 x <>hold; done"
CHILD = f"bash -c '{STUBBORN.replace(chr(39), chr(34))}' &"
DOUBLE_FORKED = "(setsid bash -c 'echo $$ >>pids; exec sleep 1000' &)"
WITHOUT_ENVIRONMENT = "(env -i /usr/bin/setsid /bin/bash -c 'echo $$ >>pids; exec /bin/sleep 1000' &)"
ANY = [CHILD, "setsid bash -c 'echo $$ >>pids; exec sleep 1000' &", DOUBLE_FORKED, WITHOUT_ENVIRONMENT]
STAY = "echo $$ >>pids; while :; do read -rt 9 x <>hold; done"
TREE = "\n".join(["mkfifo hold", *ANY, STAY])


def pids(folder: Path, count: int) -> list[int]:
    """Wait until so many processes of an attempt have written their pids, and return them."""

    def written() -> list[int]:
        return [int(line) for line in (folder / "pids").read_text().split()] if (folder / "pids").exists() else []

    until(lambda: len(written()) >= count)
    return written()


def names(folder: Path) -> list[str]:
    """Return what is in a folder, sorted."""
    return sorted(each.name for each in folder.iterdir())
