"""`podium install CLIENT`: the configuration that adds the MCP server to an agent's client, printed, written or removed."""

import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from podium.cli.calling.options import AsJson, Home, Socket
from podium.cli.commands.install.clients import CLIENTS, Client, ClientName, Place
from podium.cli.commands.install.entry import remote_command, server_command, server_environment
from podium.cli.terminal.door import data, print_json, say
from podium.cli.views.own import InstalledView
from podium.cwd import absolute
from podium.errors import InvalidArguments
from podium.settings import load

Tell = Callable[[str], None]
Scope = Literal["project", "user"]
INSPECTOR = ("npx", "@modelcontextprotocol/inspector")


def command(
    client: Annotated[Literal[ClientName, "inspector"], typer.Argument(help="the MCP client")],
    write: Annotated[bool, typer.Option("--write", help="write the entry to the file instead of printing it")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="remove the entry from the file")] = False,
    scope: Annotated[
        Scope | None, typer.Option(help="whose file: the project's (default, where the client has one) or the user's")
    ] = None,
    folder: Annotated[Path, typer.Option(help="the project's folder")] = Path(),
    ssh: Annotated[
        str | None, typer.Option(metavar="HOST", help="the server is the `podium serve` of HOST, over ssh")
    ] = None,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Print the configuration that adds Podium to a client, or write or remove it; for the Inspector, print its command."""
    if ssh is None:
        words, env = server_command(load(home=home, socket=socket)), server_environment()
    else:
        words, env = remote_command(ssh, home, socket), {}
    if client == "inspector":
        given = [word for name, value in env.items() for word in ("-e", f"{name}={value}")]
        _show(InstalledView(client=client, outcome="printed", text=shlex.join([*INSPECTOR, *given, *words])), as_json)
        return
    if write and remove:
        raise InvalidArguments("--write and --remove cannot go together.", fix="Give one of them.")
    known = CLIENTS[client]
    places = _places(known, scope)
    if not folder.is_dir():
        raise InvalidArguments(f"There is no folder {folder}.", fix="Give the project's folder with --folder.")
    private = places is known.user
    folder = folder if private else absolute(folder, "The project's folder")
    tell = partial(say, stderr=as_json)
    if remove:
        removed, files = _remove(places, folder, tell)
        view = InstalledView(client=client, outcome=removed, files=files)
    elif write:
        outcome, file = _write(known, places, folder, words, env, tell, private=private)
        view = InstalledView(client=client, outcome=outcome, files=[file])
    else:
        file, text = _entry(known, places, folder, words, env)
        say(f"Add this to {file}, or run again with --write:", stderr=True)
        view = InstalledView(client=client, outcome="printed", files=[file], text=text)
    _show(view, as_json)


def _show(view: InstalledView, as_json: bool) -> None:
    """Print what was done, or for a person only what is to be copied: the rest was said."""
    if as_json:
        print_json(view.model_dump())
    elif view.text:
        data(view.text)


def _places(client: Client, scope: Scope | None) -> tuple[Place, ...]:
    places = {"project": client.project, "user": client.user, None: client.project or client.user}[scope]
    if not places:
        raise InvalidArguments(f"{client.title} has no file for a project.", fix="Use --scope user.")
    return places


def _entry(
    client: Client, places: tuple[Place, ...], folder: Path, words: list[str], env: dict[str, str]
) -> tuple[str, str]:
    """Return the file that the entry belongs into, and its text."""
    from podium.cli.commands.install.formats import format_of
    from podium.cli.commands.install.merging import NAME

    file = places[0].file(folder)
    return str(file), format_of(file).put("", (*places[0].members, NAME), client.entry(words, env)).rstrip("\n")


def _write(
    client: Client,
    places: tuple[Place, ...],
    folder: Path,
    words: list[str],
    env: dict[str, str],
    tell: Tell,
    *,
    private: bool,
) -> tuple[Literal["added", "replaced", "unchanged"], str]:
    """Write the entry, say what became of it, and return that with the file."""
    from podium.cli.commands.install.merging import choose, entry_at, write

    place = choose(places, folder)
    file = place.file(folder)
    _make_folder(client, file, folder, private=private)
    outcome = write(client, place, file, words, env, private=private)
    if outcome == "Unchanged":
        tell(f"Unchanged: {file} has this entry already.")
        return "unchanged", str(file)
    behind = f", a link to {file.resolve()}" if file.is_symlink() else ""
    tell(f"{outcome} the entry of Podium in {file}{behind}. {client.after}")
    kept = (entry_at(place, file).get(client.env_member) or {}).keys() & {"PODIUM_HOME", "PODIUM_SOCKET"}
    if kept:
        tell(
            f"The entry sets {' and '.join(sorted(kept))}, as before. Remove what should not lead to another conductor."
        )
    return ("added" if outcome == "Added" else "replaced"), str(file)


def _make_folder(client: Client, file: Path, folder: Path, *, private: bool) -> None:
    """Make a client's folder inside a project, such as `.cursor`. A user's is made by the client itself, never here.

    Raises:
        InvalidArguments: the user's folder is missing.
    """
    from podium.cli.commands.install import made

    if file.parent.is_dir():
        return
    if private or file.parent.parent != folder:
        raise InvalidArguments(
            f"The folder {file.parent} does not exist.",
            fix=f"Start {client.title} once, which makes it; or use --scope project, if it has that.",
        )
    file.parent.mkdir()
    made.note(file.parent, made=True)


def _remove(places: tuple[Place, ...], folder: Path, tell: Tell) -> tuple[Literal["removed", "unchanged"], list[str]]:
    """Remove the entry wherever it is, say so, and return what was done with the files."""
    from podium.cli.commands.install import made
    from podium.cli.commands.install.merging import remove

    done = [(file, removed) for place in places if (removed := remove(place, file := place.file(folder))) != "nothing"]
    for file, removed in done:
        if removed == "file":
            tell(f"Removed {file}, which this command had made and which has nothing else in it.")
        else:
            tell(f"Removed the entry of Podium from {file}.")
        if made.is_ours(file.parent) and not any(file.parent.iterdir()):
            file.parent.rmdir()
            made.note(file.parent, made=False)
    if not done:
        tell(f"Unchanged: there is no entry of Podium in {' or '.join(str(place.file(folder)) for place in places)}.")
        return "unchanged", [str(place.file(folder)) for place in places]
    return "removed", [str(file) for file, _ in done]
