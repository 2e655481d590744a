"""The parts of the README that are made, not written: the tool table and the example's output."""

import re
from pathlib import Path

from podium_tools import ALL_TOOLS
from tests.support.source_tree import REPOSITORY

README = REPOSITORY / "README.md"


def tool_table() -> str:
    """Return the table of all tools, with the first sentence of each description."""
    rows = [f"| `{tool.name}` | {tool.risk} | {_first_sentence(tool.description)} |" for tool in ALL_TOOLS]
    return "\n".join(["| tool | risk | does |", "|---|---|---|", *rows])


def part(name: str, text: str) -> str:
    """Return what stands between the markers of a part, without the empty ends."""
    return _found(name, text).group(2).strip()


def replace_part(name: str, content: str) -> None:
    """Write the content of a part into the README."""
    text = README.read_text(encoding="utf-8")
    found = _found(name, text)
    README.write_text(f"{text[: found.start(2)]}{content}\n{text[found.end(2) :]}", encoding="utf-8")


def commands(example: str) -> list[str]:
    """Return the commands of a console block."""
    return [line[2:] for line in example.splitlines() if line.startswith("$ ")]


def normal(text: str, folder: Path) -> str:
    """Replace what differs from run to run: the folder, pids, ids and times."""
    text = text.replace(str(folder), "~/podium")
    text = re.sub(r"\bpid \d+", "pid 4711", text)
    text = re.sub(r"(first)-[a-z0-9]{5}\b", r"\1-x5rqa", text)
    return re.sub(r"\b\d\.\d s\b", "0.0 s", text)


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.:;])\s", text, maxsplit=1)[0].rstrip(".:;")


def _found(name: str, text: str) -> re.Match[str]:
    found = re.search(rf"(<!-- {name}: begin[^\n]*-->\n)(.*?)(<!-- {name}: end -->)", text, re.DOTALL)
    assert found, f"the README has no part {name}"
    return found
