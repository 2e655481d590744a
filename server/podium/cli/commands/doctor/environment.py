"""What the environment says, and what programs with another one would find: an agent's client hands on only a few variables."""

import difflib
import os
from collections.abc import Iterator
from pathlib import Path

from podium.cli.views.doctor import Finding
from podium.places import config_file, default_home, default_socket, known_folder, recorded, unused_home, usual_sockets
from podium.settings import OF_A_SHEET, Settings

# What the official SDKs hand on to a server that they start.
OF_A_CLIENT = ("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER")
WRITES = "`podium install CLIENT` writes what this shell says into the client's entry."


def unknown_variables() -> Iterator[Finding]:
    """Report PODIUM_ variables that nothing reads."""
    known = {f"PODIUM_{name.upper()}" for name in Settings.model_fields} | {"PODIUM_CONFIG"}
    for name in sorted(name for name in os.environ if name.startswith("PODIUM_")):
        if name not in known | OF_A_SHEET:
            near = difflib.get_close_matches(name, known, n=1)
            fix = f"Did you mean {near[0]}?" if near else "Settings are PODIUM_ and the name of a setting in capitals."
            yield Finding("variables", "note", f"{name} is not a setting; nothing reads it", fix)


def seen_from_clients(settings: Settings, socket: Path | None) -> Finding:
    """Compare what this shell leads to with what a client finds that has only `OF_A_CLIENT`.

    `socket` is where this home's conductor answers, None without one.
    """
    env = {name: value for name in OF_A_CLIENT if (value := os.environ.get(name))}
    home, differing = default_home(env), []
    if home != settings.home:
        differing.append(f"the home {home}, not {settings.home}")
    elif socket and socket not in _found_by(home, env):
        return Finding(
            "other shells",
            "note",
            f"the conductor on {socket} is found only with the variables of this shell",
            "`podium stop` and `podium start` once: this version writes the place into the home. Running sheets go on.",
        )
    if config_file(env) != config_file():
        differing.append(f"the settings {config_file(env)}, not {config_file()}")
    if differing:
        names = f"{', '.join(OF_A_CLIENT[:-1])} and {OF_A_CLIENT[-1]}"
        text = f"a program that is given only {names}, as servers of MCP clients are, uses {' and '.join(differing)}"
        return Finding("other shells", "note", text, WRITES)
    if other := unused_home():
        text = f"{other} has jobs of an earlier conductor, and is not used as {home} has some too"
        return Finding("other shells", "note", text, f"podium start --home {other}")
    known = known_folder()
    if known and Path(known) != Path(os.environ.get("HOME") or known):
        text = f"HOME is {os.environ['HOME']}, but {known} for the system: programs with that one use another home"
        return Finding("other shells", "note", text, "Set PODIUM_HOME for both if they are to share jobs.")
    return Finding("other shells", "ok", "any program of this user finds the same home, settings and conductor")


def _found_by(home: Path, env: dict[str, str]) -> list[Path]:
    found = recorded(home)
    return [*([found.socket] if found else []), default_socket(home, env), *usual_sockets(home)]
