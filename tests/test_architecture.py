"""The house rules that a reader relies on, read from the source itself."""

import ast
import statistics
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.support.source_tree import REPOSITORY, Module, modules

MODULES = modules()
# What each part may import of the others; a part may always import itself, and `podium` itself holds only the version.
COMMON = {"", "errors", "settings", "log", "times"}
MAY_IMPORT: dict[str, set[str]] = {
    "": set(),
    "__main__": {"cli"},
    "errors": set(),
    "settings": {"errors"},
    "log": set(),
    "times": set(),
    "contract": {"errors"},
    "tools": {"contract", "errors"},
    "wire": COMMON | {"contract"},
    "client": COMMON | {"contract", "wire"},
    "score": COMMON | {"contract"},
    "conductor": COMMON | {"contract", "wire", "score"},
    "mcp": COMMON | {"contract", "wire", "client", "score", "tools"},
    "cli": COMMON | {"contract", "wire", "client", "score", "tools", "mcp", "conductor"},
}
FILE_LINES = 400
FUNCTION_LINES = 50
GLANCE_LINES = 20


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


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_go_in_the_allowed_direction_only(name: str) -> None:
    module = MODULES[name]
    allowed = MAY_IMPORT[module.part] | {module.part}
    wrong = {
        imported for imported in module.imports() if (part := part_of(imported)) is not None and part not in allowed
    }
    assert not wrong


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {name: module.needs(MODULES) for name, module in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' -> '.join(error.args[1])}")


def test_nothing_imports_the_source_roots_by_their_bare_names() -> None:
    tests = [Module(str(path), path) for path in (REPOSITORY / "tests").rglob("*.py")]
    wrong = {
        module.name: bare
        for module in [*MODULES.values(), *tests]
        if (bare := {name for name in module.imports() if name.split(".")[0] in {"server", "tools"}})
    }
    assert not wrong


def test_no_file_is_too_long_to_read() -> None:
    assert not {name: module.line_count for name, module in MODULES.items() if module.line_count > FILE_LINES}


def test_functions_fit_a_glance() -> None:
    functions = [(name, function) for name, module in MODULES.items() for function in module.functions()]
    lengths = sorted(function.lines for _, function in functions)
    assert not [
        f"{name}.{function.name}: {function.lines}" for name, function in functions if function.lines > FUNCTION_LINES
    ]
    assert statistics.median(lengths) <= 6
    assert lengths[int(len(lengths) * 0.9)] <= GLANCE_LINES


@pytest.mark.parametrize("name", sorted(MODULES))
def test_modules_and_what_they_make_public_have_docstrings(name: str) -> None:
    tree = MODULES[name].tree
    public = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    assert ast.get_docstring(tree)
    assert not [node.name for node in public if not ast.get_docstring(node)]
