"""Whatever a score says, it becomes a sound plan or a list of problems, and never anything else."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from podium.errors import ScoreInvalid
from podium.score.compile import compile_score
from podium.score.model.context import expand
from podium.score.model.graph import cycles, order
from podium.score.model.plan import Plan, Resources
from podium.score.named.fields import NamedCheck, NamedScore, NamedSheet
from podium.score.numbered.fields.score import NumberedScore
from podium.score.numbered.fields.sheets import NumberedSheets
from podium.score.patterns import PatternFault, compile_pattern
from podium.score.resources import ResourcesBlock
from podium.score.templates.conditions import Condition, ConditionFault, parse
from podium.score.templates.environment import TemplateFault, _compile, template
from podium.score.templates.render import render_script
from tests.unit.score.named.test_named import AUDIT
from tests.unit.score.numbered.test_numbered import FULL

WORDS = st.text("abcxyz -_.é", min_size=1, max_size=8).map(str.strip).filter(bool)
VALUES = st.one_of(WORDS, st.integers(-5, 5), st.floats(-2, 2), st.booleans())


def compiled(text: str) -> Plan:
    return compile_score(text, path=None, cwd=Path("/caller"), profiles={"cli": {}, "claude-code": {}})


@st.composite
def named_scores(draw: st.DrawFn) -> dict[str, Any]:
    """A valid named score: sheets need earlier ones, by name or number, in a shuffled order of definition."""
    names = draw(st.lists(WORDS, min_size=1, max_size=8, unique=True))
    sheets = [{"name": name, **draw(sheet_parts())} for name in names]
    if draw(st.booleans()):
        for index, sheet in enumerate(sheets):
            before = draw(st.lists(st.integers(0, index - 1), unique=True)) if index else []
            sheet["needs"] = [names[other] if draw(st.booleans()) else other + 1 for other in before]
    of_all = draw(
        st.fixed_dictionaries({}, optional={"resources": resources(), "engine": st.sampled_from(["local", "slurm"])})
    )
    return {
        **of_all,
        "name": draw(WORDS),
        "sheets": sheets,
        "variables": draw(st.dictionaries(WORDS, VALUES, max_size=3)),
    }


def resources() -> st.SearchStrategy[dict[str, Any]]:
    """What a sheet may ask for on any machine; `nodes` only on a cluster."""
    sizes = st.builds("{}{}".format, st.integers(1, 999), st.sampled_from("MGT"))
    optional = {
        "cpus": st.integers(1, 100_000),
        "memory": st.one_of(sizes, st.integers(1024**2, 1024**5)),
        "gpus": st.integers(0, 1000),
        "time": st.one_of(st.floats(0.1, 1e6), st.builds("{}{}".format, st.integers(1, 99), st.sampled_from("smhd"))),
        "partition": st.sampled_from(["short", "a,b", 12]),
        "constraint": st.just("[r1|r2]"),
        "extra": st.lists(st.sampled_from(["--exclusive", "--reservation=a", "--comment=a b"]), max_size=2),
    }
    return st.fixed_dictionaries({}, optional=optional)


def sheet_parts() -> st.SearchStrategy[dict[str, Any]]:
    """The parts of a sheet besides its name and needs."""
    checks = st.one_of(
        st.fixed_dictionaries({"file_exists": WORDS}),
        st.fixed_dictionaries({"command_succeeds": st.just("test -f {workspace}/a")}),
        st.fixed_dictionaries({"content_contains": st.fixed_dictionaries({"path": WORDS, "pattern": WORDS})}),
    )
    optional = {
        "foreach": st.lists(st.one_of(WORDS, st.integers(0, 9)), min_size=1, max_size=4, unique_by=str),
        "timeout_seconds": st.floats(0.1, 1e6),
        "retry": st.fixed_dictionaries({"max_retries": st.integers(0, 5)}),
        "env": st.dictionaries(st.sampled_from(["A", "B", "on"]), VALUES, max_size=2),
        "validate": st.lists(checks, max_size=3),
        "skip_when": st.sampled_from(["sheet_num > 3", "stage == 1 and not instance == 2"]),
        "on_lost": st.sampled_from(["retry", "fail"]),
        "resources": resources(),
        "engine": st.sampled_from(["local", "slurm"]),
    }
    return st.fixed_dictionaries(
        {"run": st.sampled_from(["true", "echo {{ sheet_num }} {{ name }}"])}, optional=optional
    )


@st.composite
def numbered_scores(draw: st.DrawFn) -> dict[str, Any]:
    """A valid numbered score, with dependencies on earlier sheets or stages, and fan-out where that is allowed."""
    fans = draw(st.booleans())
    size, start = (1, 1) if fans else (draw(st.integers(1, 5)), draw(st.integers(1, 4)))
    total = draw(st.integers(start, start + 12))
    count = -(-(total - start + 1) // size)
    sheet: dict[str, Any] = {"size": size, "start_item": start, "total_items": total}
    if draw(st.booleans()):
        keys = draw(st.lists(st.integers(1, count), unique=True))
        sheet["dependencies"] = {key: draw(st.lists(st.integers(1, key - 1))) if key > 1 else [] for key in keys}
    if fans:
        sheet["fan_out"] = draw(st.dictionaries(st.integers(1, count), st.integers(1, 4), max_size=3))
    prompt = {"template": "echo {{ start_item }}-{{ end_item }} {{ instance }}/{{ fan_count }}"}
    return {"name": "n", "instrument": "cli", "sheet": sheet, "prompt": prompt}


def check(plan: Plan) -> None:
    """A plan is sound: numbered in order, without cycles, every reference in it resolved, and the same after its JSON."""
    assert [sheet.num for sheet in plan.sheets] == list(range(1, len(plan.sheets) + 1))
    needs = [[num - 1 for num in sheet.needs] for sheet in plan.sheets]
    assert len(order(needs)) == len(needs)
    assert not cycles(needs)
    names = [sheet.name for sheet in plan.sheets if sheet.name]
    assert len(set(names)) == len(names)
    for sheet in plan.sheets:
        assert plan.find(sheet.label) == sheet.num
        assert render_script(plan, sheet, workspace="/w", previous_outputs={})
        assert all(0 <= index < len(plan.validations) for index in sheet.validations)
        assert 0 <= sheet.retry < len(plan.retries)
        assert 0 <= sheet.resources < len(plan.resources)
    assert len(set(plan.resources)) == len(plan.resources)
    assert plan.resources[0] == Resources()
    assert Plan.model_validate_json(plan.model_dump_json()) == plan
    assert Plan.model_validate_json(plan.model_dump_json(exclude_defaults=True)) == plan


@given(named_scores())
def test_a_valid_named_score_becomes_a_sound_plan(score: dict[str, Any]) -> None:
    plan = compiled(yaml.safe_dump(score, allow_unicode=True, sort_keys=False))
    check(plan)
    assert len(plan.sheets) == sum(len(sheet.get("foreach", [0])) for sheet in score["sheets"])


@given(named_scores())
def test_each_sheet_has_the_keys_of_its_own_resources_and_of_the_scores_the_rest(score: dict[str, Any]) -> None:
    plan = compiled(yaml.safe_dump(score, allow_unicode=True, sort_keys=False))
    for sheet in plan.sheets:
        own = score["sheets"][sheet.stage - 1]
        asked = {**score.get("resources", {}), **own.get("resources", {})}
        found = plan.resources[sheet.resources]
        assert sheet.engine == own.get("engine", score.get("engine", "local"))
        assert (found.cpus, found.gpus, found.nodes) == (asked.get("cpus", 0), asked.get("gpus", 0), 0)
        assert (found.partition, found.constraint) == (str(asked.get("partition", "")), asked.get("constraint", ""))
        assert found.extra == tuple(asked.get("extra", ()))
        assert bool(found.memory_bytes) == ("memory" in asked)
        assert (found.time_seconds is None) == ("time" not in asked)
    used = [sheet.resources for sheet in plan.sheets]
    assert {0, *used} == set(range(len(plan.resources)))


@given(numbered_scores())
def test_a_valid_numbered_score_becomes_a_sound_plan(score: dict[str, Any]) -> None:
    plan = compiled(yaml.safe_dump(score))
    check(plan)
    assert (plan.sheets[0].start_item or 1) == score["sheet"]["start_item"]
    assert (plan.sheets[-1].end_item or score["sheet"]["total_items"]) == score["sheet"]["total_items"]


PIECES = ["{{", "{% for", "&a ", "*a", "[", "{", "- ", ": ", "\n", "<<: "]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A good score's text with some of it cut out, doubled, moved or replaced."""
    text = draw(st.sampled_from([AUDIT, FULL]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        piece = draw(st.one_of(st.text(max_size=10), st.sampled_from(PIECES), st.just(text[start:end] * 2)))
        text = text[:start] + piece + text[end:]
    return text


def check_outcome(text: str) -> None:
    """A text becomes a sound plan or an error whose problems have places inside the text."""
    try:
        plan = compiled(text)
    except ScoreInvalid as error:
        problems = error.facts["problems"]
        assert problems
        lines = text.count("\n") + text.count("\r") + 2
        assert all(0 <= problem["line"] <= lines and problem["message"] for problem in problems)
    else:
        assert Plan.model_validate_json(plan.model_dump_json()) == plan


@given(mutated())
def test_a_mutated_score_is_a_plan_or_a_list_of_problems(text: str) -> None:
    check_outcome(text)


@given(st.text())
@example("\ufeff")
@example("\x85a: b")
def test_any_text_is_a_plan_or_a_list_of_problems(text: str) -> None:
    check_outcome(text)


KEYS = sorted(
    {
        field.alias or name
        for model in (NamedScore, NamedSheet, NamedCheck, NumberedScore, NumberedSheets)
        for name, field in model.model_fields.items()
    }
    | {
        "path",
        "pattern",
        "command",
        "type",
        "template",
        "enabled",
        "max_retries",
        "learning",
        "voices",
        "profile",
        "config",
        *ResourcesBlock.model_fields,
    }
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 40_000),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.sampled_from(["cli", "claude-code", "file_exists", "{{ x }}", "{workspace}", "sheet_num > 1", "a"]),
    st.dates(),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(st.sampled_from(KEYS), st.integers(-1, 3), st.booleans(), st.none()), inner, max_size=6
        ),
    ),
    max_leaves=25,
)


@given(st.sampled_from(["sheets", "sheet"]), TREES, st.dictionaries(st.sampled_from(KEYS), TREES, max_size=6))
def test_the_right_keys_with_the_wrong_values_are_a_plan_or_a_list_of_problems(key: str, tree: Any, rest: Any) -> None:
    check_outcome(yaml.safe_dump({**rest, key: tree}, allow_unicode=True))


FRAGMENTS = [
    "{{ a }}",
    "{{b}}",
    "{{ c\n}}",
    "{{{ a }}}",
    "{{ a.b }}",
    "{{ true }}",
    "{{ nope }}",
    "{% if a %}",
    "{% endif %}",
]
TEXTS = st.lists(st.sampled_from([*FRAGMENTS, *"{}$ \n\r", "{{", "}}", "{#", "#}", "text"]), max_size=8).map("".join)


@given(TEXTS)
def test_filling_in_names_directly_gives_what_jinja_gives(text: str) -> None:
    variables = {"a": 1.5, "b": "{{ a }}", "c": None}

    def outcome(compile_text: Any) -> str | None:
        try:
            output: str = compile_text(text).render(variables)
        except TemplateFault:
            return None
        return output

    assert outcome(template) == outcome(_compile)


@given(st.text("abd_()[]<>=!'\" 019.", max_size=30) | st.text(max_size=10))
def test_any_text_is_a_condition_or_has_a_fault(text: str) -> None:
    with suppress(ConditionFault):
        assert isinstance(parse(text), Condition)


@given(st.text("ab(){}[]|?*+,\\^$:<>=!PN0129-&~", max_size=30) | st.text(max_size=10))
def test_any_text_is_a_pattern_or_has_a_fault(text: str) -> None:
    with suppress(PatternFault):
        assert compile_pattern(text).pattern == text


PLAN = compiled("name: x\nsheets: [{run: x}]")


@given(st.text("{}$ wo", max_size=20))
def test_a_text_without_known_names_is_expanded_to_itself(text: str) -> None:
    assert expand(text, PLAN, PLAN.sheet(1), workspace="/w") == text
