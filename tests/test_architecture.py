"""The house rules that a reader relies on, read from the source itself."""

import ast
import re
from collections import defaultdict
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.support.source_tree import REPOSITORY, modules

MODULES = modules()
# What each part may import of the others; a part may always import itself, and `podium` itself holds only the version.
COMMON = {"", "errors", "home", "places", "privacy", "settings", "log", "times", "cwd"}
MAY_IMPORT: dict[str, set[str]] = {
    "": set(),
    "__main__": {"cli"},
    "errors": set(),
    "settings": {"errors", "home", "places", "privacy", "cwd"},
    "places": {"errors", "home", "privacy", "cwd"},
    "privacy": {"errors", "home"},
    "cwd": {"errors"},
    "log": set(),
    "outlet": set(),
    "times": set(),
    "home": set(),
    "contract": {"errors", "times"},
    "tools": {"contract", "errors", "times"},
    "wire": COMMON | {"contract"},
    "client": COMMON | {"contract", "wire", "texts"},
    "keeper": set(),
    "lane": set(),
    "texts": COMMON | {"contract"},
    "logs": COMMON | {"contract", "texts"},
    "instruments": COMMON,
    "score": COMMON | {"contract", "texts"},
    "reader": COMMON | {"contract", "texts", "logs", "instruments", "score", "keeper"},
    "conductor": COMMON | {"contract", "wire", "texts", "logs", "instruments", "score", "reader", "keeper", "lane"},
    "reference": COMMON | {"contract", "score", "instruments"},
    "mcp": COMMON | {"contract", "wire", "client", "score", "reference", "texts", "tools"},
    "plots": {"contract", "texts", "times"},
    "cli": COMMON
    | {"plots", "outlet", "contract", "wire", "client", "score", "texts", "tools", "mcp", "conductor", "keeper"},
}
FILE_LINES = 400
FUNCTION_LINES = 50


# What each room of the conductor may import of the others, besides itself. Rooms further down stand on those above.
_BASE = {"clock", "faults"}
_RULES = {"clock", "engines/port", "engines/several"}
_SUPERVISOR = _BASE | _RULES | {"rules", "attempts", "store"}
_SERVICE = _SUPERVISOR | {"plans", "supervisor", "views", "reading"}
CONDUCTOR_ROOMS: dict[str, set[str]] = {
    "": set(),
    "clock": set(),
    "faults": set(),
    "lock": set(),
    "processes": set(),
    "reading": {"processes"},
    "store": _BASE,
    "engines": set(),
    "engines/port": set(),
    "engines/several": {"engines/port"},
    "engines/local": {"engines/port", "engines/command", "processes", "faults"},
    "engines/command": {"engines/port", "processes"},
    "engines/slurm": {"engines/port", "engines/command", "processes", "faults"},
    "rules": _RULES,
    "plans": _RULES | {"rules", "reading"},
    "attempts": _BASE | _RULES | {"rules", "processes", "reading", "store"},
    "supervisor": _SUPERVISOR,
    "views": _SUPERVISOR | {"supervisor"},
    "service": _SERVICE,
    "housekeeping": _SERVICE - {"plans", "reading"},
    "assembly": _SERVICE | {"service", "housekeeping", "lock", "processes", "engines/local", "engines/slurm"},
    "daemon": _SERVICE | {"assembly", "service", "housekeeping", "lock", "processes", "engines/local", "engines/slurm"},
}
# What reads foreign text: nothing that the conductor imports may import it.
FOREIGN_TEXT = {"yaml", "jinja2", "markupsafe", "regex"}
# Of the parts that read foreign text the conductor sees what describes a plan, and what a request is.
SEEN_BY_THE_CONDUCTOR = ("podium.score.model.", "podium.reader.requests")
IMPURE = {"anyio", "asyncio", "sqlite3", "subprocess", "os", "time", "podium.conductor.store"}


def part_of(name: str) -> str | None:
    """Return the part of the house that an imported name belongs to, or None for foreign code."""
    head, _, rest = name.partition(".")
    if head == "podium_tools":
        return "tools"
    if head != "podium":
        return None
    part = rest.split(".")[0]
    return part if part in MAY_IMPORT else ""


def test_every_part_of_the_house_has_its_import_rule() -> None:
    assert {module.part for module in MODULES.values()} <= set(MAY_IMPORT)


def test_imports_go_in_the_allowed_direction_only() -> None:
    assert not [
        f"{name} imports {imported}"
        for name, module in MODULES.items()
        for imported in module.imports()
        if (part := part_of(imported)) is not None and part not in MAY_IMPORT[module.part] | {module.part}
    ]


def conductor_room(name: str) -> str | None:
    """Return the room of the conductor that a module belongs to, or None for other code."""
    head, _, rest = name.partition("podium.conductor")
    if head or (rest and not rest.startswith(".")):
        return None
    places = rest.strip(".").split(".")
    return "/".join(places[:2]) if places[0] == "engines" else places[0]


def test_the_conductor_imports_nothing_that_reads_foreign_text() -> None:
    """The settings file is read before the conductor's program begins: its function imports YAML when there is one."""
    seen: set[str] = set()
    front = [name for name in MODULES if conductor_room(name) is not None]
    while front:
        name = front.pop()
        if name not in seen:
            seen.add(name)
            front += [each for each in MODULES[name].imports() if each in MODULES]
    wrong = {
        f"{name} imports {each}"
        for name in seen - {"podium.settings"}
        for each in MODULES[name].imports() & FOREIGN_TEXT
    }
    wrong |= {
        name
        for name in seen
        if name.startswith(("podium.score.", "podium.reader.")) and not f"{name}.".startswith(SEEN_BY_THE_CONDUCTOR)
    }
    assert not wrong


def test_every_room_of_the_conductor_has_its_import_rule() -> None:
    rooms = {room for name in MODULES if (room := conductor_room(name)) is not None}
    assert rooms == set(CONDUCTOR_ROOMS)


def test_rooms_of_the_conductor_stand_on_each_other_in_one_direction() -> None:
    wrong = []
    for name, module in MODULES.items():
        if room := conductor_room(name):
            needed = {conductor_room(imported) for imported in module.needs(MODULES)}
            wrong += [f"{name} needs {each}" for each in needed - {None, "", "engines", room} - CONDUCTOR_ROOMS[room]]
    assert not wrong


def test_the_rules_are_pure() -> None:
    assert not [
        f"{name} imports {imported}"
        for name, module in MODULES.items()
        if conductor_room(name) == "rules"
        for imported in module.imports()
        if any(imported == each or imported.startswith(f"{each}.") for each in IMPURE)
    ]


def test_no_modules_import_each_other_in_a_circle() -> None:
    _check_no_circle({name: module.needs(MODULES) for name, module in MODULES.items()})


def test_no_rooms_import_each_other_in_a_circle() -> None:
    """A room is a folder, or a file that stands beside folders."""
    graph: defaultdict[str, set[str]] = defaultdict(set)
    for name, module in MODULES.items():
        for needed in module.needs(MODULES):
            here, there = _apart(name, needed)
            if here != there:
                graph[here].add(there)
    _check_no_circle(graph)


def _apart(name: str, other: str) -> tuple[str, str]:
    """Return the two rooms that an import joins: the first places in which the two names differ."""
    places, others = _places(name), _places(other)
    same = next((at for at, (one, two) in enumerate(zip(places, others, strict=False)) if one != two), None)
    if (
        not same
    ):  # None: a package's own file is part of its folder; 0: the two packages, which `MAY_IMPORT` keeps apart
        return name, name
    return ".".join(places[: same + 1]), ".".join(others[: same + 1])


def _places(name: str) -> list[str]:
    return [*name.split("."), "__init__"] if MODULES[name].path.name == "__init__.py" else name.split(".")


def _check_no_circle(graph: Mapping[str, set[str]]) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' -> '.join(error.args[1])}")


def test_nothing_imports_the_source_roots_by_their_bare_names() -> None:
    paths = [*(module.path for module in MODULES.values()), *(REPOSITORY / "tests").rglob("*.py")]
    bare = re.compile(r"^\s*(?:from|import) (?:server|tools)\b", re.MULTILINE)
    assert bare.search("x\n    from tools.podium_tools import y")
    assert not [path for path in paths if bare.search(path.read_text(encoding="utf-8"))]


def test_no_file_is_too_long_to_read() -> None:
    assert not {name: module.line_count for name, module in MODULES.items() if module.line_count > FILE_LINES}


def test_no_file_of_the_tests_is_too_long_to_read() -> None:
    tests = {path: path.read_text(encoding="utf-8").count("\n") for path in (REPOSITORY / "tests").rglob("*.py")}
    assert not {path: lines for path, lines in tests.items() if lines > FILE_LINES}


def test_functions_fit_a_glance() -> None:
    functions = [(name, function) for name, module in MODULES.items() for function in module.functions()]
    assert not [
        f"{name}.{function.name}: {function.lines}" for name, function in functions if function.lines > FUNCTION_LINES
    ]


def test_modules_and_what_they_make_public_have_docstrings() -> None:
    bare = [name for name, module in MODULES.items() if not ast.get_docstring(module.tree)]
    for name, module in MODULES.items():
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith(
                "_"
            ):
                bare += [] if ast.get_docstring(node) else [f"{name}.{node.name}"]
    assert not bare


def test_whatever_a_command_prints_goes_through_its_one_door() -> None:
    """What others wrote is cleaned there: in `door` for plain lines, in `output` for what rich draws, in `live` for what moves."""
    past_it = {"print", "Console", "rich.print", "typer.echo", "typer.secho", "sys.stdout.write", "sys.stderr.write"}
    doors = {
        "podium.cli.terminal.door",
        "podium.cli.terminal.live",
    }
    assert not [
        f"{name} calls {called}"
        for name, module in MODULES.items()
        if module.part == "cli" and name not in doors
        for called in module.calls() & past_it
    ]
