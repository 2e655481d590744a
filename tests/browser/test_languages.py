"""Graphs as their own programs read them, where these are installed."""

import html
import json
import re
import shutil
import subprocess

import pytest

from podium.plots.formats.dot import dot
from podium.plots.story.graph import Graph, Node, graph_of_plan
from tests.support.records import plan

pytestmark = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")

NAMES = [
    'say "hi"',
    "back\\slash \\N \\l",
    "&amp; & <b>",
    "{a|b} [c]",
    "ends with \\",
    "測試 é",
    "// no comment # at all",
    "",
]


def drawn(graph: Graph, form: str) -> str:
    line = ["dot", f"-T{form}"]
    return subprocess.run(line, input=dot(graph), capture_output=True, text=True, check=True, timeout=60).stdout


def test_graphviz_reads_every_sheet_and_every_need() -> None:
    told = json.loads(drawn(graph_of_plan(plan()), "json"))
    assert len(told["objects"]) == 7
    assert len(told["edges"]) == 9


@pytest.mark.parametrize("name", NAMES)
def test_graphviz_shows_names_as_they_are(name: str) -> None:

    texts = re.findall(r"<text[^>]*>(.*?)</text>", drawn(Graph(name, (Node(1, name),)), "svg"))
    shown = html.unescape("".join(texts)).replace("\N{NO-BREAK SPACE}", " ")
    assert shown == name
