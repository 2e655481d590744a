"""What Slurm's commands are given."""

from dataclasses import replace

import pytest

from podium.conductor.engines.slurm.commands import (
    LaneJob,
    command_environment,
    from_environment,
    in_environment,
    needs,
    sbatch,
    sbatch_test,
)
from podium.score.model.plan import Resources


def lane(**resources: object) -> LaneJob:
    return LaneJob(
        "mk.job.hash", "/root", "/root/50%/lanes.log", "/root/lane.sh", ("/pool",), Resources(**resources), 60
    )


def test_a_command_gets_nothing_of_the_environment_but_what_it_needs() -> None:
    own = {
        "PATH": "/bin",
        "HOME": "/h",
        "API_KEY": "secret",
        "SLURM_CONF": "/c",
        "SLURM_JOB_ID": "7",
        "SBATCH_QOS": "low",
    }
    assert command_environment(own) == {
        "PATH": "/bin",
        "HOME": "/h",
        "SLURM_CONF": "/c",
        "SBATCH_QOS": "low",
        "SLURM_TIME_FORMAT": "standard",
    }


def test_settings_of_sbatch_that_would_change_what_a_submit_is_are_left_out() -> None:
    assert set(command_environment({"SBATCH_WAIT": "1", "SBATCH_ARRAY_INX": "0-9"})) == {"SLURM_TIME_FORMAT"}


def test_what_sbatch_takes_from_the_environment_is_told_unless_the_resources_name_it() -> None:
    names = ("PARTITION", "ACCOUNT", "QOS", "CONSTRAINT", "TIMELIMIT", "MEM_PER_NODE", "GRES", "RESERVATION")
    own = {f"SBATCH_{name}": "x" for name in names} | {"SBATCH_EXPORT": "NIL", "SLURM_CONF": "/c", "API_KEY": "secret"}
    assert from_environment(own, Resources(partition="main", qos="low", time_seconds=60, memory_bytes=1)) == (
        "SBATCH_ACCOUNT=x, SBATCH_CONSTRAINT=x, SBATCH_GRES=x, SBATCH_RESERVATION=x"
    )
    every = Resources(
        partition="main", account="a", qos="low", constraint="c", time_seconds=60, memory_bytes=1, gpus=1,
        extra=("--reservation=r",),
    )  # fmt: skip
    assert from_environment(own, every) == ""


def test_commands_can_be_looked_for_elsewhere() -> None:
    assert command_environment({"PATH": "/bin"}, "/opt/slurm/bin")["PATH"] == "/opt/slurm/bin"
    assert in_environment({"B": "2", "A": "1"}, ["squeue"]) == ["env", "-i", "A=1", "B=2", "squeue"]


def test_needs_become_options_and_what_is_not_needed_none() -> None:
    assert needs(Resources(), 60) == []
    assert needs(
        Resources(
            cpus=4,
            memory_bytes=1024**3 + 1,
            gpus=2,
            time_seconds=61,
            nodes=1,
            partition="long",
            account="lab",
            qos="low",
            constraint="a100",
            extra=("--exclusive",),
        ),
        60,
    ) == [
        "--cpus-per-task=4",
        "--mem=1025M",
        "--gres=gpu:2",
        "--time=3",
        "--nodes=1",
        "--partition=long",
        "--account=lab",
        "--qos=low",
        "--constraint=a100",
        "--exclusive",
    ]


def test_options_of_a_score_come_before_what_makes_a_lane_ours() -> None:
    words = sbatch(lane(extra=("--job-name=mine", "--requeue")))
    assert words.index("--requeue") < words.index("--no-requeue")
    assert words.index("--job-name=mine") < words.index("--job-name=mk.job.hash")


@pytest.mark.parametrize(
    "command", [sbatch(lane(extra=("--comment",))), sbatch_test(lane(extra=("--comment",)).resources)]
)
def test_an_option_of_a_score_that_lacks_its_value_takes_nothing_that_matters_for_one(command: list[str]) -> None:
    swallowed = command.pop(command.index("--comment") + 1)
    assert swallowed == "--no-requeue"
    assert {"--parsable", "--no-requeue"} <= set(command) or "--test-only" in command


def test_one_lane_is_no_array_and_its_log_is_taken_literally() -> None:
    assert not [word for word in sbatch(lane()) if word.startswith("--array")]
    assert "--array=0-2" in sbatch(lane(), 3)
    assert "--output=/root/50%%/lanes.log" in sbatch(lane())


def test_the_question_says_the_time_of_an_attempt_as_the_least_unless_a_qos_may_allow_more() -> None:
    assert {"--time=2", "--time-min=2"} <= set(sbatch_test(Resources(time_seconds=61)))
    assert "--time-min=2" not in sbatch_test(Resources(time_seconds=61, qos="long"))
    assert needs(Resources(time_seconds=61), 60) == ["--time=3"]


def test_where_a_lane_takes_one_attempt_its_time_is_that_of_the_attempt() -> None:
    assert needs(Resources(time_seconds=60), 0) == ["--time=1"]


def test_a_path_with_a_backslash_is_taken_literally_too() -> None:
    assert "--output=/a\\\\b%j" in sbatch(replace(lane(), log="/a\\b%j"))
