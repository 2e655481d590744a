"""What no node of a cluster has, and what cannot be told."""

from typing import Any

import pytest

from podium.conductor.engines.slurm.nodes import Nodes, lacking, partitions, read_nodes
from podium.score.model.plan import Resources

GIGABYTE = 1024**3
LISTED = """\
main*|3|4|4000|(null)
big|2|64|515000|gpu:a100:4(S:0-1),shard:8
big|1|128|1031000|gpu:2,gpu:h100:2
"""


def lacks(usual: str = "", **needs: Any) -> str:
    return lacking(Resources(**needs), read_nodes(LISTED), usual)


def test_a_list_of_nodes_is_read_and_what_is_no_node_is_left_out() -> None:
    assert read_nodes("sinfo: error\nmain*|3|4+|4000|(null)\n" + LISTED) == [
        Nodes("main*", 3, 4, 4000 * 1024**2, 0),
        Nodes("big", 2, 64, 515000 * 1024**2, 4),
        Nodes("big", 1, 128, 1031000 * 1024**2, 4),
    ]


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ({"cpus": 5}, "no node of partition main has 5 cpus (the most is 4)"),
        ({"memory_bytes": 8 * GIGABYTE}, "no node of partition main has 8G of memory (the most is 3.9G)"),
        ({"gpus": 1}, "no node of partition main has 1 gpu (the most is 0)"),
        ({"nodes": 4}, "4 nodes are asked for, and partition main has 3 that fit"),
        ({"nodes": 2, "cpus": 100, "partition": "big"}, "2 nodes are asked for, and partition big has 1 that fit"),
        ({"cpus": 129, "partition": "main,big"}, "no node of partition main or big has 129 cpus (the most is 128)"),
    ],
)
def test_what_no_node_of_the_partition_has_is_named_with_what_there_is(needs: dict[str, Any], words: str) -> None:
    assert lacks(**needs) == words


def test_the_partitions_are_named_once_each_and_only_the_first_of_many() -> None:
    assert partitions(read_nodes(LISTED)) == "the partitions are main (the default) and big"
    assert partitions([Nodes("main", 1, 4, GIGABYTE, 0)]) == "the only partition is main"
    assert partitions([]) == ""
    many = [Nodes(f"p{number}", 1, 4, GIGABYTE, 0) for number in range(40)]
    assert partitions(many).endswith(", p10, p11 and 28 more")


def test_what_no_node_has_together_is_named_together() -> None:
    nodes = [Nodes("main*", 1, 8, GIGABYTE, 0), Nodes("main*", 1, 4, 8 * GIGABYTE, 0)]
    assert lacking(Resources(cpus=8, memory_bytes=8 * GIGABYTE), nodes) == (
        "no node of partition main has 8 cpus and 8G of memory together"
    )


@pytest.mark.parametrize(
    "needs",
    [{}, {"cpus": 4, "nodes": 3}, {"cpus": 128, "gpus": 4, "partition": "big"}, {"cpus": 999, "partition": "unknown"}],
)
def test_of_what_fits_or_cannot_be_told_nothing_is_lacking(needs: dict[str, Any]) -> None:
    assert not lacks(**needs)


def test_the_partition_of_who_names_none_may_be_set() -> None:
    assert not lacks("big", cpus=100)
    assert lacks("big", cpus=200) == "no node of partition big has 200 cpus (the most is 128)"


def test_without_an_answer_nothing_is_lacking() -> None:
    assert not lacking(Resources(cpus=999), read_nodes(""))
