"""The graph of sheets: its levels, its folding, and where its nodes stand."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.plots.story.graph import Graph, Node, folded, graph_of_plan, graph_of_story
from podium.plots.story.layout import layout_of
from podium.plots.story.story import story_of
from podium.plots.svg.graph import graph_svg
from tests.support.records import BEGAN, nightly, plan, wide_plan


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    nodes = []
    for num in range(1, draw(st.integers(1, 14)) + 1):
        needs = tuple(draw(st.sets(st.integers(1, num - 1), max_size=3))) if num > 1 else ()
        label = draw(st.sampled_from(["a[1]", "a[2]", "b[x]", "alone"]))
        nodes.append(Node(num, label, needs))
    return Graph("made", tuple(nodes))


def test_levels_follow_the_longest_chain_of_needs() -> None:
    levels = graph_of_plan(plan()).levels
    assert [[node.key for node in level] for level in levels] == [[1], [2], [3, 4, 5], [6], [7]]


def test_a_need_may_stand_after_the_sheet_that_needs_it() -> None:
    view = plan()
    turned = view.model_copy(update={"sheets": view.sheets[::-1]})
    assert [[node.key for node in level] for level in graph_of_plan(turned).levels] == [[1], [2], [3, 4, 5], [6], [7]]


def test_a_circle_of_needs_is_drawn_not_followed_for_ever() -> None:
    view = plan()
    first = view.sheets[0].model_copy(update={"needs": [7]})
    graph = graph_of_plan(view.model_copy(update={"sheets": [first, *view.sheets[1:]]}))
    assert len(layout_of(graph).placed) == 7


@given(graphs())
def test_a_node_stands_right_of_all_that_it_needs(graph: Graph) -> None:
    column = {each.node.key: each.column for each in layout_of(graph).placed}
    assert all(column[need] < column[node.key] for node in graph.nodes for need in node.needs)


@given(graphs())
def test_no_two_nodes_stand_in_one_place(graph: Graph) -> None:
    placed = layout_of(graph).placed
    assert len(placed) == len(graph.nodes)
    for one, two in combinations(placed, 2):
        assert one.column != two.column or abs(one.row - two.row) >= 1 - 1e-9


@given(graphs())
def test_every_need_is_a_line(graph: Graph) -> None:
    wires = {(wire.start, wire.end) for wire in layout_of(graph).wires}
    assert wires == {(need, node.key) for node in graph.nodes for need in node.needs}


@given(graphs(), st.integers(1, 14))
def test_folding_loses_no_sheet_and_no_path(graph: Graph, limit: int) -> None:
    small = folded(graph, limit)
    assert sum(node.members for node in small.nodes) == len(graph.nodes)
    keys = {node.key for node in small.nodes}
    assert all(need in keys and need != node.key for node in small.nodes for need in node.needs)
    assert bool(layout_of(small).wires) or not any(node.needs for node in small.nodes)


def test_a_sweep_of_hundreds_becomes_four_nodes() -> None:
    small = folded(graph_of_plan(wide_plan(200)), 60)
    assert [(node.label, node.members, node.needs, node.note) for node in small.nodes] == [
        ("start", 1, (), "cli"),
        ("train[…]", 200, (1,), "cli"),
        ("score[…]", 200, (2,), "cli"),
        ("best", 1, (202,), "cli"),
    ]


def test_folded_sheets_show_the_worst_of_their_states() -> None:
    nodes = [Node(num, f"a[{num}]", (), "failed" if num == 7 else "completed") for num in range(1, 30)]
    (node,) = folded(Graph("made", tuple(nodes)), 5).nodes
    assert (node.kind, node.note) == ("failed", "28 completed, 1 failed")


@pytest.mark.parametrize(("label", "kind", "critical"), [("report", "failed", True), ("notes", "skipped", False)])
def test_the_graph_of_a_job_shows_states_and_the_critical_path(label: str, kind: str, critical: bool) -> None:
    graph = graph_of_story(story_of(nightly(), BEGAN))
    node = next(each for each in graph.nodes if each.label == label)
    assert (node.kind, node.critical) == (kind, critical)


def test_a_long_chain_becomes_a_short_one() -> None:
    nodes = tuple(Node(num, f"s{num}", (num - 1,) if num > 1 else ()) for num in range(1, 1001))
    small = folded(Graph("made", nodes), 50)
    assert len(small.nodes) == 50
    assert small.nodes[1].label == "from level 21"
    assert all(node.needs == (before.key,) for before, node in pairwise(small.nodes))


@pytest.mark.timeout(30)
def test_thousands_of_sheets_in_any_order_are_put_in_order_soon() -> None:
    view = wide_plan(1)
    first = view.sheets[0]
    count = 5000
    chain = [
        first.model_copy(update={"sheet": num, "needs": [num + 1] if num < count else []})
        for num in range(1, count + 1)
    ]
    graph = graph_of_plan(view.model_copy(update={"sheets": chain}))
    assert [node.key for node in graph.nodes] == list(range(count, 0, -1))


@given(st.integers(1, 30))
def test_a_box_is_as_wide_as_its_texts_as_long_as_there_is_room(size: int) -> None:
    words = "n" * min(size, 20)
    drawn = graph_svg(Graph("made", (Node(1, words, note="o" * size),)))
    assert f">{words}</text>" in drawn
    assert f">{'o' * size}</text>" in drawn
