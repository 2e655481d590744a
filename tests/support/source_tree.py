"""The project's own source as data: modules, their imports and their functions, read by AST."""

import ast
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ROOTS = {"podium": REPOSITORY / "server", "podium_tools": REPOSITORY / "tools"}
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Function:
    """A function with the number of lines of its body after the docstring."""

    name: str
    lines: int


@dataclass(frozen=True)
class Module:
    """One source file under its import name."""

    name: str
    path: Path

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.path.read_text(encoding="utf-8"), self.path.name)

    @cached_property
    def line_count(self) -> int:
        """Lines of the file."""
        return len(self.path.read_text(encoding="utf-8").splitlines())

    @property
    def part(self) -> str:
        """The part of the house: `tools`, or the package or module below `podium` ("" for the root itself)."""
        if self.name.split(".")[0] == "podium_tools":
            return "tools"
        return self.name.split(".")[1] if "." in self.name else ""

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree; to walk it takes longer than to look through them."""
        return tuple(ast.walk(self.tree))

    def imports(self) -> set[str]:
        """Return the dotted names this file imports: for `from a.b import c` both `a.b` and `a.b.c`."""
        return {name for node in self.nodes for name in self._imported(node)}

    def calls(self) -> set[str]:
        """Return what this file calls, as it is written."""
        return {ast.unparse(node.func) for node in self.nodes if isinstance(node, ast.Call)}

    def needs(self, known: Container[str]) -> set[str]:
        """Return the modules out of `known` that must be there before this one: what its top level imports.

        `from package import module` needs the module, not what the package's own file holds.
        """
        found: set[str] = set()
        for node in self.tree.body:
            names = list(self._imported(node))
            members = names[1:] if isinstance(node, ast.ImportFrom) else names
            found |= {name if name in known else names[0] for name in members}
        return {name for name in found if name in known and name != self.name}

    def _imported(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = self._absolute(node)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.name.split(".") if self.path.name == "__init__.py" else self.name.split(".")[:-1]
        base = package[: len(package) - node.level + 1]
        return ".".join([*base, node.module] if node.module else base)

    def functions(self) -> list[Function]:
        """Return every function, nested ones and methods too."""
        return [_measure(node) for node in self.nodes if isinstance(node, FunctionNode)]


def _measure(node: FunctionNode) -> Function:
    has_docstring = ast.get_docstring(node, clean=False) is not None
    body = node.body[1:] if has_docstring else node.body
    lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
    return Function(node.name, lines)


def modules() -> dict[str, Module]:
    """Return every module of both packages by its import name."""
    return {module.name: module for package, root in ROOTS.items() for module in _walk(root, root / package)}


def _walk(root: Path, package: Path) -> Iterator[Module]:
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        yield Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts), path)
