"""Our entry among the other servers of a client: only the command and its arguments are ours, all else in it is the user's."""

from pathlib import Path
from typing import Any, Literal

from podium.cli.commands.install import files, made
from podium.cli.commands.install.clients import Client, Place
from podium.cli.commands.install.formats import Format, format_of
from podium.errors import InvalidArguments

NAME = "podium"
Outcome = Literal["Added", "Replaced", "Unchanged"]
Removal = Literal["nothing", "entry", "file"]
BY_HAND = "Correct the file and run this again, or run it without --write and add the entry by hand."


def choose(places: tuple[Place, ...], folder: Path) -> Place:
    """Return the place that has our entry; else the first whose file is there; else the first."""
    for place in places:
        if entry_at(place, place.file(folder)) is not None:
            return place
    there = [place for place in places if place.file(folder).exists() and not place.former]
    return (there or list(places))[0]


def entry_at(place: Place, file: Path) -> Any:
    """Return our entry in a file, or None.

    Raises:
        InvalidArguments: the file is broken; it is left as it is.
    """
    return _member(_parsed(format_of(file), files.read(file), file), (*place.members, NAME))


def write(
    client: Client, place: Place, file: Path, command: list[str], env: dict[str, str], *, private: bool
) -> Outcome:
    """Add our entry to a file, or replace what is ours in it.

    Raises:
        InvalidArguments: the file is broken or has an entry of another kind; it is left as it is.
        PermissionDenied: the system refuses it.
    """
    language, path = format_of(file), (*place.members, NAME)
    outcome: Outcome = "Unchanged"

    def edit(text: str) -> str:
        nonlocal outcome
        data = _parsed(language, text, file)
        _refuse_other_kinds(data, place, file)
        changes = _changes(client, _member(data, path), command, env)
        outcome = "Unchanged" if not changes else "Added" if () in changes else "Replaced"
        for below, value in changes.items():
            text = _checked(language, text, file, (*path, *below), value)
        return text

    is_new = files.change(file, edit, private=private)
    if outcome == "Added":
        made.note(file, made=is_new)
    return outcome


def remove(place: Place, file: Path) -> Removal:
    """Remove our entry from a file, and what it alone was in; return what was removed.

    The file stays, unless `write` made it and nothing is left in it.

    Raises:
        InvalidArguments: the file is broken; it is left as it is.
        PermissionDenied: the system refuses it.
    """
    if entry_at(place, file) is None:
        return "nothing"
    language, path = format_of(file), (*place.members, NAME)
    is_ours = made.is_ours(file)
    removed: Removal = "entry"

    def edit(text: str) -> str | None:
        nonlocal removed
        left = language.drop(text, path)
        if _pruned(_parsed(language, left, file), path) != _pruned(_parsed(language, text, file), path):
            raise _too_hard(file)
        removed = "file" if is_ours and left.strip() in {"", "{}"} else "entry"
        return left if removed == "entry" else None

    files.change(file, edit, private=True)
    if removed == "file":
        made.note(file, made=False)
    return removed


def _changes(client: Client, found: Any, command: list[str], env: dict[str, str]) -> dict[tuple[str, ...], Any]:
    """Return the values to set, by their path below our entry."""
    if found is None:
        return {(): client.entry(command, env)}
    changes: dict[tuple[str, ...], Any] = {
        (name,): value for name, value in client.owned(command).items() if found.get(name) != value
    }
    present = found.get(client.env_member) or {}
    return changes | {(client.env_member, name): value for name, value in env.items() if present.get(name) != value}


def _refuse_other_kinds(data: dict[str, Any], place: Place, file: Path) -> None:
    servers = _member(data, place.members)
    found = _member(data, (*place.members, NAME))
    if not isinstance(servers, dict | None) or not isinstance(found, dict | None):
        raise InvalidArguments(f"{file}: {'.'.join(place.members)} is not a set of servers.", fix=BY_HAND)
    if found and ("url" in found or "httpUrl" in found or "uri" in found):
        raise InvalidArguments(
            f"{file} has a server {NAME!r} that is reached by a URL; it was left unchanged.",
            fix="Remove it with --remove, then run this again.",
        )
    # OpenCode 1 has the servers where version 2 has settings, and refuses a file with `servers`.
    above = _member(data, place.members[:-1]) if len(place.members) > 1 else None
    if (
        servers is None
        and isinstance(above, dict)
        and any(isinstance(each, dict) and "type" in each for each in above.values())
    ):
        raise InvalidArguments(
            f"{file} is written for an older version of the client: its servers stand in {place.members[0]!r} itself.",
            fix="Bring it to the present form first, or run this without --write and add the entry by hand.",
        )


def _checked(language: Format, text: str, file: Path, path: tuple[str, ...], value: Any) -> str:
    """Return the text with a value set, and nothing else changed in what it says."""
    wanted = _parsed(language, text, file)
    at = wanted
    for name in path[:-1]:
        at[name] = at.get(name) or {}
        at = at[name]
    at[path[-1]] = value
    changed = language.put(text, path, value)
    if _parsed(language, changed, file) != wanted:
        raise _too_hard(file)
    return changed


def _parsed(language: Format, text: str, file: Path) -> dict[str, Any]:
    try:
        return language.parse(text)
    except ValueError as error:
        raise InvalidArguments(f"{file} is not valid: {error}. It was left unchanged.", fix=BY_HAND) from None


def _too_hard(file: Path) -> InvalidArguments:
    return InvalidArguments(
        f"{file} is written in a way that cannot be edited without changing the rest of it; it was left unchanged.",
        fix="Edit the entry by hand; this command prints it without --write.",
    )


def _member(data: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _pruned(data: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Return the data without a member and without what is empty above it then."""
    left = {name: value for name, value in data.items() if name != path[0]}
    inner = _pruned(data.get(path[0]) or {}, path[1:]) if len(path) > 1 else {}
    return {**data, path[0]: inner} if inner else left
