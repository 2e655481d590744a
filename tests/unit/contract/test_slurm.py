"""Slurm's reasons in plain words."""

import pytest

from podium.contract.slurm import REASONS, waits_for


@pytest.mark.parametrize("name", REASONS)
def test_every_reason_of_the_table_is_found_by_its_own_name(name: str) -> None:
    means, do = REASONS[name]
    found = waits_for(name.replace("...", "Cpu"), "512")
    assert found.startswith(means)
    assert found.endswith(do.replace("ID", "512"))


@pytest.mark.parametrize(
    ("reason", "same"),
    [
        ("(Priority)", "Priority"),
        ("ReqNodeNotAvail, UnavailableNodes:f[1-3]", "ReqNodeNotAvail"),
        ("ReqNodeNotAvail(Unavailable:f1)", "ReqNodeNotAvail"),
        ("(Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions)", "ReqNodeNotAvail"),
        ("launch_failed_requeued_held", "launch failed requeued held"),
        ("QOSMaxCpuPerUserLimit", "QOSMax...PerUser..."),
        ("QOSMaxGRESPerUser", "QOSMax...PerUser..."),
        ("QOSMaxMemoryPerUser", "QOSMax...PerUser..."),
        ("QOSMaxSubmitJobPerUserLimit; Job violates accounting/QOS policy (job submit limit)", "QOSMax...PerUser..."),
        ("QOSMaxWallDurationPerJobLimit", "QOSMax...PerJob..."),
        ("QOSMaxGRESPerJob", "QOSMax...PerJob..."),
        ("QOSMaxMemoryPerJob", "QOSMax...PerJob..."),
        ("QOSMaxGRESMinutesPerJob", "QOSMax...PerJob..."),
        ("QOSMaxCpuPerNode", "QOSMax...PerNode"),
        ("QOSMaxGRESPerNode", "QOSMax...PerNode"),
        ("QOSMinCpuNotSatisfied", "QOSMin..."),
        ("QOSMinGRES", "QOSMin..."),
        ("QOSMinMemory", "QOSMin..."),
        ("QOSGrpNodeLimit", "QOSGrp..."),
        ("QOSGrpGRES", "QOSGrp..."),
        ("QOSGrpMemoryMinutes", "QOSGrp..."),
        ("AssocGrpCpuLimit", "AssocGrp..."),
        ("AssocGrpCPUMinutesLimit", "AssocGrp..."),
        ("AssocGrpGRES", "AssocGrp..."),
        ("AssocMaxWallDurationPerJobLimit", "AssocMax...PerJob..."),
        ("AssocMaxGRESPerJob", "AssocMax...PerJob..."),
        ("AssocMaxCpuPerNode", "AssocMax...PerNode"),
        ("AssocMaxJobsLimit", "AssocMax...Limit"),
        ("MaxCpuPerAccount", "Max...PerAccount"),
    ],
)  # fmt: skip
def test_a_reason_is_found_in_each_way_in_which_slurm_writes_it(reason: str, same: str) -> None:
    assert waits_for(reason).startswith(REASONS[same].means)


def test_what_no_node_of_a_partition_has_is_told() -> None:
    assert waits_for("(PartitionConfig)").startswith(
        "no node of its partition has what it asks for; correct its resources"
    )


def test_a_held_job_is_told_how_it_is_released() -> None:
    assert waits_for("JobHeldUser", "512") == "it was held by its own user; release it: scontrol release 512"
    assert waits_for("JobHeldUser") == "it was held by its own user; release it: scontrol release ID"


@pytest.mark.parametrize("reason", ["", "Resourceful", "SomethingNew", "QOS", "x" * 10_000, "((((", "AssocGrp Limit"])
def test_an_unknown_reason_means_nothing_here(reason: str) -> None:
    assert waits_for(reason) == ""
