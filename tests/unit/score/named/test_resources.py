"""`resources` and `engine` of a named score: what they take, which of them win, and what is refused on this machine."""

from typing import Any

import pytest

from podium.errors import ScoreInvalid
from podium.score.compile import compile_score
from podium.score.model.plan import EngineName, Plan, Resources, dump_plan, load_plan
from podium.score.model.resources import UNKNOWN_MACHINE, Machine
from podium.score.model.view import plan_view
from podium.score.resources import line_of
from podium.score.text.document import load
from tests.unit.score.helpers import CWD, compiled, numbered, only, problems, sheets

MACHINE = Machine(cpus=8, memory_bytes=16 * 1024**3 - 1, gpus=(0,))


def needs(text: str, *, above: str = "", engine: str = "slurm") -> Resources:
    """Return what a sheet with these resources needs, on a cluster."""
    plan = compiled(f"engine: {engine}\n{above}\n" + sheets(f"{{run: x, resources: {{{text}}}}}"))
    assert plan.warnings == ()
    return plan.resources[plan.sheets[0].resources]


def on(machine: Machine, text: str, engine: EngineName = "local") -> Plan:
    """Compile a score for a conductor on this machine, with this setting for the engine."""
    return compile_score(text, path=None, cwd=CWD, profiles={"cli": {}}, engine=engine, machine=machine)


def refused(machine: Machine, text: str) -> list[tuple[int, str, str]]:
    """Return line, field and message of each problem."""
    with pytest.raises(ScoreInvalid) as caught:
        on(machine, text)
    return [(each["line"], each["field"], each["message"]) for each in caught.value.facts["problems"]]


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("cpus: 1", {"cpus": 1}),
        ("cpus: 100000", {"cpus": 100_000}),
        ("memory: 4G", {"memory_bytes": 4 * 1024**3}),
        ("memory: 512M", {"memory_bytes": 512 * 1024**2}),
        ("memory: 2048k", {"memory_bytes": 2 * 1024**2}),
        ("memory: 1048576", {"memory_bytes": 1024**2}),
        ("memory: 1024T", {"memory_bytes": 1024**5}),
        ("gpus: 0", {"gpus": 0}),
        ("gpus: 1000", {"gpus": 1000}),
        ("time: 90s", {"time_seconds": 90.0}),
        ("time: 2h", {"time_seconds": 7200.0}),
        ("time: 60", {"time_seconds": 60.0}),
        ("nodes: 1", {"nodes": 1}),
        ("nodes: 100000", {"nodes": 100_000}),
        ("partition: 'short,long'", {"partition": "short,long"}),
        ("account: 1234", {"account": "1234"}),
        ("qos: high", {"qos": "high"}),
        ("constraint: '[rack1|rack2]'", {"constraint": "[rack1|rack2]"}),
        ("extra: [--exclusive, --begin=now+1hour, --comment=a b]",
         {"extra": ("--exclusive", "--begin=now+1hour", "--comment=a b")}),
        ("extra: [--mem-per-cpu=1G, --gpus-per-node=2, --nodelist=f1]",
         {"extra": ("--mem-per-cpu=1G", "--gpus-per-node=2", "--nodelist=f1")}),
        ("", {}),
    ],
)  # fmt: skip
def test_each_key_is_in_the_plan_as_it_is_written(text: str, given: dict[str, Any]) -> None:
    assert needs(text) == Resources(**given)


WORD = "should be a single word, without spaces and without a dash at its beginning"
OPTION = "should be a long option of sbatch with its value, such as --reservation=NAME"
MEMORY = "should be 1M to 1024T, where a plain number is in bytes, not "


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("cpus", "0", "must be at least 1, not the number 0"),
        ("cpus", "100001", "must be at most 100000, not the number 100001"),
        ("cpus", "0.5", "should be a whole number, not the number 0.5"),
        ("memory", "4", f"{MEMORY}the number 4; write 4G"),
        ("memory", "2048", f"{MEMORY}the number 2048; write 2048M"),
        ("memory", "1023k", f"{MEMORY}the text '1023k'"),
        ("memory", "1025T", f"{MEMORY}the text '1025T'"),
        ("memory", "-1", f"{MEMORY}the number -1"),
        ("memory", "4 GB", "should be a size with a unit such as 512M or 4G, not the text '4 GB'; write 4G"),
        ("memory", "4Gi", "should be a size with a unit such as 512M or 4G, not the text '4Gi'; write 4G"),
        ("memory", "much", "should be a size with a unit such as 512M or 4G, not the text 'much'"),
        ("memory", "[1]", "should be a whole number, not a list"),
        ("gpus", "-1", "must be at least 0, not the number -1"),
        ("gpus", "1001", "must be at most 1000, not the number 1001"),
        ("time", "0", "must be more than 0, not the number 0"),
        ("time", "400000000", "must be at most 315360000, not the number 400000000"),
        ("time", "soon",
         "should be a number of seconds, or one with a unit such as 90s, 5m or 2h, not the text 'soon'"),
        ("time", "1-02:30:00",
         "should be a number of seconds, or one with a unit such as 90s, 5m or 2h, not the text '1-02:30:00'; write 1590m"),
        ("time", "2 hours",
         "should be a number of seconds, or one with a unit such as 90s, 5m or 2h, not the text '2 hours'; write 2h"),
        ("nodes", "0", "must be at least 1, not the number 0"),
        ("partition", "a b", WORD),
        ("partition", "''", WORD),
        ("account", "--uid=0", WORD),
        ("qos", '"a\\nb"', WORD),
        ("constraint", '"a\\u0007"', WORD),
        ("constraint", "[a]", "should be text, not a list"),
        ("extra", "--exclusive", 'should be a list, not the text \'--exclusive\'; write ["--exclusive"]'),
        ("extra", "{reservation: a}", 'should be a list, not a mapping; write ["--reservation=a"]'),
    ],
)  # fmt: skip
def test_any_other_value_is_refused_with_its_place(key: str, value: str, message: str) -> None:
    problem = only(sheets("{name: z, run: x}", f"{{run: x, resources: {{{key}: {value}}}}}"))
    assert (problem["line"], problem["field"], problem["message"]) == (4, f"sheets[1].resources.{key}", message)
    assert problem["topic"] == "resources"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("exclusive", OPTION),
        ("-p short", OPTION),
        ("--reservation a", OPTION),
        ("--Mem=4G", OPTION),
        ('"--comment=a\\nb"', OPTION),
        ("--mem=4G", "Podium sets --mem itself; write memory in resources instead"),
        ("--cpus-per-task=2", "Podium sets --cpus-per-task itself; write cpus in resources instead"),
        ("--time=1:00", "Podium sets --time itself; write time in resources instead"),
        ("--nodes=2", "Podium sets --nodes itself; write nodes in resources instead"),
        ("--gres=gpu:2", "Podium sets --gres itself; write gpus in resources instead"),
        ("--gpus=2", "Podium sets --gpus itself; write gpus in resources instead"),
        ("--partition=a", "Podium sets --partition itself; write partition in resources instead"),
        ("--account=a", "Podium sets --account itself; write account in resources instead"),
        ("--qos=a", "Podium sets --qos itself; write qos in resources instead"),
        ("--constraint=a", "Podium sets --constraint itself; write constraint in resources instead"),
        ("--array=1-9", "Podium sets --array itself; write foreach on the sheet instead"),
        ("--dependency=afterok:1", "Podium sets --dependency itself; write needs on the sheet instead"),
        ("--chdir=/tmp", "Podium sets --chdir itself; write workspace on the score instead"),
        ("--export=ALL", "Podium sets --export itself; write env instead"),
        ("--output=f", "Podium sets --output itself; read_job_log shows what the sheet writes"),
        ("--open-mode=append", "Podium sets --open-mode itself; read_job_log shows what the sheet writes"),
        *[
            (f"--{name}", f"Podium sets --{name} itself; leave it out")
            for name in ("job-name", "requeue", "no-requeue", "wrap", "parsable", "wait", "test-only", "signal", "clusters")
        ],
    ],
)  # fmt: skip
def test_an_option_that_podium_sets_or_that_is_none_is_refused(option: str, message: str) -> None:
    problem = only(sheets(f"{{run: x, engine: slurm, resources: {{extra: [--exclusive, {option}]}}}}"))
    assert (problem["field"], problem["message"]) == ("sheets[0].resources.extra[1]", message)


@pytest.mark.parametrize(
    ("option", "meant"), [("--job=x", "job-name"), ("--err=f", "error"), ("--me=1", "mem"), ("--pars", "parsable")]
)
def test_the_beginning_of_an_option_that_podium_sets_is_refused_since_sbatch_takes_it_too(
    option: str, meant: str
) -> None:
    message = only(sheets(f"{{run: x, resources: {{extra: [{option}]}}}}"))["message"]
    assert message.startswith(f"Podium sets --{meant} itself; ")


def test_the_keys_of_a_sheet_win_over_those_of_the_score_one_by_one() -> None:
    above = "resources: {cpus: 4, memory: 2G, gpus: 1, extra: [--exclusive]}"
    found = needs("cpus: 1, gpus: 0, time: 60", above=above)
    assert found == Resources(cpus=1, memory_bytes=2 * 1024**3, gpus=0, time_seconds=60.0, extra=("--exclusive",))
    assert needs("extra: []", above=above) == Resources(cpus=4, memory_bytes=2 * 1024**3, gpus=1)


def test_sheets_that_need_the_same_share_it_and_the_plan_keeps_it() -> None:
    plan = compiled(
        "resources: {cpus: 2}\n"
        + sheets("{run: x}", "{run: y, resources: {cpus: 2}}", "{run: z, resources: {cpus: 3}}", "{run: a}")
    )
    assert [sheet.resources for sheet in plan.sheets] == [1, 1, 2, 1]
    assert plan.resources == (Resources(), Resources(cpus=2), Resources(cpus=3))
    assert load_plan(dump_plan(plan)) == plan


def test_a_plan_that_needs_nothing_is_stored_as_before() -> None:
    plan = compiled(sheets("{run: x}", "{run: x, resources: {}, engine: local}"))
    assert plan.resources == (Resources(),)
    assert "resources" not in dump_plan(plan)
    assert "engine" not in dump_plan(plan)


def engines(plan: Plan) -> list[EngineName]:
    return [sheet.engine for sheet in plan.sheets]


def test_a_sheet_runs_where_it_says_else_where_the_score_else_where_the_setting_says() -> None:
    two = sheets("{run: x}", "{run: y, engine: local}", "{run: z, engine: slurm}")
    assert engines(on(UNKNOWN_MACHINE, two)) == ["local", "local", "slurm"]
    assert engines(on(UNKNOWN_MACHINE, two, "slurm")) == ["slurm", "local", "slurm"]
    assert engines(on(UNKNOWN_MACHINE, f"engine: local\n{two}", "slurm")) == ["local", "local", "slurm"]
    assert engines(on(UNKNOWN_MACHINE, f"engine: slurm\n{two}")) == ["slurm", "local", "slurm"]
    assert engines(on(UNKNOWN_MACHINE, numbered(), "slurm")) == ["slurm"] * 3


def test_another_engine_is_refused() -> None:
    problem = only(sheets("{run: x, engine: ssh}"))
    assert problem["message"] == "should be 'local' or 'slurm', not the text 'ssh'"
    assert (problem["allowed"], problem["topic"]) == (["local", "slurm"], "resources")


@pytest.mark.parametrize("key", ["resources", "engine", "cpus", "gpu"])
def test_a_numbered_score_has_neither(key: str) -> None:
    assert only(numbered(f"{key}: x"))["message"] == (
        "unknown key; only a named score can ask for processors, memory or GPUs, with resources, and say where it runs, with "
        "engine"
    )


def test_keys_about_a_cluster_are_one_note_where_the_sheets_run_here() -> None:
    plan = compiled(
        "resources: {partition: short}\n"
        + sheets("{run: x, resources: {qos: low, nodes: 1}}", "{run: y, resources: {extra: [--exclusive], qos: high}}")
    )
    assert plan.warnings == (
        "Lines 1, 4, 5: of no effect, since the sheets run on this machine and not on a cluster (engine: slurm): nodes, "
        "partition, qos, extra.",
    )


def test_what_a_sheet_on_a_cluster_uses_of_the_score_is_of_effect() -> None:
    score = "resources: {partition: short}\n" + sheets("{run: x, engine: slurm}", "{run: y}")
    assert compiled(score).warnings == ()


def test_several_nodes_are_refused_on_this_machine() -> None:
    nodes = "resources: {nodes: 2}\n" + sheets("{run: x}", "{run: y}")
    problem = only(nodes)
    assert (problem["line"], problem["field"]) == (1, "resources.nodes")
    assert problem["message"] == (
        "a sheet on this machine cannot have 2 nodes; leave nodes out, or write engine: slurm"
    )
    assert compiled(f"engine: slurm\n{nodes}").resources[1].nodes == 2


def test_what_the_machine_can_never_give_is_refused_at_each_value() -> None:
    score = "resources: {cpus: 9}\n" + sheets(
        "{run: x, resources: {memory: 16G}}", "{run: y, resources: {gpus: 2, cpus: 8}}", "{run: z, engine: slurm}"
    )
    end = ", so it would wait for ever; ask for less, correct {} in the conductor's settings, or write engine: slurm"
    assert refused(MACHINE, score) == [
        (1, "resources.cpus", "9 is asked for, and this machine has 8 for sheets" + end.format("cpus")),
        (
            4,
            "sheets[0].resources.memory",
            "16G is asked for, and this machine has 15.9G for sheets" + end.format("memory_bytes"),
        ),
        (5, "sheets[1].resources.gpus", "2 is asked for, and this machine has 1 for sheets" + end.format("gpus")),
    ]


def test_what_the_machine_has_is_not_refused_nor_what_is_not_known_of_it() -> None:
    assert on(MACHINE, sheets("{run: x, resources: {cpus: 8, memory: 15G, gpus: 1}}")).warnings == ()
    assert on(UNKNOWN_MACHINE, sheets("{run: x, resources: {cpus: 999, memory: 1T, gpus: 9}}")).warnings == ()
    none = Machine(gpus=())
    assert refused(none, sheets("{run: x, resources: {gpus: 1}}"))[0][2].startswith(
        "1 is asked for, and this machine has 0 "
    )
    assert on(none, sheets("{run: x, resources: {gpus: 0}}")).warnings == ()


def test_memory_that_cannot_be_limited_is_said_once() -> None:
    score = sheets("{run: x, resources: {memory: 1G}}", "{run: y, resources: {memory: 2G}}", "{run: z}")
    assert on(Machine(memory_is_limit=False), score).warnings == (
        "Lines 3, 4: memory is only counted when sheets are started: no limit can be set on this machine (it takes cgroup v2 with "
        "its memory controller), so a sheet that uses more is not ended.",
    )
    assert on(Machine(memory_is_limit=False), score, "slurm").warnings == ()
    assert on(Machine(memory_is_limit=False), sheets("{run: x, resources: {cpus: 1}}")).warnings == ()


def test_the_view_says_what_a_sheet_needs_and_that_it_runs_on_a_cluster() -> None:
    whole = (
        "cpus: 2, memory: 1536M, gpus: 1, time: 2h, nodes: 2, partition: p, account: a, qos: q, constraint: c, "
        "extra: [--exclusive]"
    )
    plan = compiled(
        sheets(
            f"{{run: x, engine: slurm, resources: {{{whole}}}}}",
            "{run: y, engine: slurm}",
            "{run: z, resources: {cpus: 1}}",
            "{run: z}",
            "{prompt: z, instrument: claude-code, engine: slurm}",
        )
    )
    view = plan_view(plan, instruments_found=["cli"])
    assert [sheet.resources for sheet in view.sheets] == [
        "slurm, cpus 2, memory 1536M, gpus 1, time 2 h, nodes 2, partition p, account a, qos q, constraint c, --exclusive",
        "slurm",
        "cpus 1",
        "",
        "slurm",
    ]
    assert all(sheet.instrument_found for sheet in view.sheets)


def test_a_secret_in_an_option_is_not_shown() -> None:
    plan = compiled(sheets("{run: x, engine: slurm, resources: {extra: ['--comment=API_KEY=s3cr3tvalue']}}"))
    assert "s3cr3tvalue" not in plan_view(plan, instruments_found=["cli"]).sheets[0].resources


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("cpus: 4", "unknown key; write resources: {cpus: 4}"),
        ("mem: 4 GB", "unknown key; write resources: {memory: 4G}"),
        ("mem_mb: 2000", "unknown key; write resources: {memory: 2000M}"),
        ("mem_gb: 2", "unknown key; write resources: {memory: 2G}"),
        ("gpu: 1", "unknown key; write resources: {gpus: 1}"),
        ("walltime: '02:30:00'", "unknown key; write resources: {time: 150m}"),
        ("threads: 8", "unknown key; write resources: {cpus: 8}"),
        ("partition: short", "unknown key; write resources: {partition: short}"),
        ("executor: slurm", "unknown key; write engine: slurm"),
        ("executor: kubernetes", "unknown key; write engine: slurm"),
        ("limits: {cpu: 2}", "unknown key; write resources: {cpus: 2, memory: 4G}"),
        ("resources: {cpu: 4}", "unknown key; write cpus: 4"),
        ("resources: {ram: 4 GB}", "unknown key; write memory: 4G"),
        ("resources: {timeout: 10 minutes}", "unknown key; write time: 10m"),
        ("resources: {queue: short}", "unknown key; write partition: short"),
        ("resources: {limits: {cpu: 2}}", "unknown key; write cpus and memory in resources itself"),
        ("resources: 4", "should be a mapping, not the number 4; write {cpus: 4}"),
        ("resources: [{cpus: 4}, {memory: 4G}]", "should be a mapping, not a list; write {cpus: 4, memory: 4G}"),
    ],
)
@pytest.mark.parametrize("on_score", [True, False], ids=["score", "sheet"])
def test_words_of_other_tools_are_answered_with_what_was_written(entry: str, message: str, on_score: bool) -> None:
    text = f"{entry}\n{sheets('{run: x}')}" if on_score else sheets(f"{{run: x, {entry}}}")
    (problem,) = problems(text)
    assert (problem["message"], problem["topic"]) == (message, "resources")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("resources:\n  cpus: 9\nsheets:\n- run: x\n- run: y\n  resources:\n    cpus: 8\n", (1, 6)),
        ("sheets:\n- run: x\n- run: y\n  engine: slurm\nengine: slurm\n", (5, 4)),
        ("name: a\nsheets:\n- run: x\n- run: y\n", (0, 0)),  # as in the score of a command
        ("sheet:\n  size: 2\n", (0, 0)),
    ],
)
def test_what_a_sheet_needs_has_a_line_where_the_score_says_it(text: str, lines: tuple[int, int]) -> None:
    assert (line_of(load(text), 1), line_of(load(text), 2)) == lines
