from podium.score.model.graph import cycles, order


def test_each_node_comes_after_those_that_it_needs() -> None:
    assert order([[1, 2], [2], [], [0, 0]]) == [2, 1, 0, 3]


def test_a_graph_without_cycles_has_none() -> None:
    assert cycles([[], [0], [0, 1]]) == []


def test_a_cycle_is_told_as_the_way_back_to_its_beginning() -> None:
    assert cycles([[], [3], [1], [2], [3]]) == [[1, 3, 2, 1]]


def test_separate_cycles_are_all_told() -> None:
    assert cycles([[1], [0], [3], [2]]) == [[0, 1, 0], [2, 3, 2]]


def test_a_node_behind_a_cycle_is_not_part_of_it() -> None:
    assert cycles([[1], [2], [1]]) == [[1, 2, 1]]


def test_a_long_chain_does_not_exhaust_the_stack() -> None:
    chain = [[node - 1] if node else [] for node in range(50_000)]
    assert order(chain)[-1] == 49_999
    assert len(cycles([[49_999], *chain[1:]])[0]) == 50_001
