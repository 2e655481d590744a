"""Values and expressions that are nested deeply, and work that is done while a template is compiled."""

import json
import time
import tracemalloc

import pytest

from podium.score.templates.environment import TemplateFault, template
from podium.score.templates.sandbox import Budget

SECONDS = 2.0  # of the processor, on any machine; without the bounds most of these take longer, or end the interpreter


def fault_of(text: str) -> str:
    """Return how a template fails, after a bounded amount of work."""
    begun = time.process_time()
    with pytest.raises(TemplateFault) as caught:
        template(text).render({"x": "a"}, Budget())
    assert time.process_time() - begun < SECONDS
    return caught.value.message


@pytest.mark.parametrize(
    "step",
    [
        "{% set ns.t = (ns.t,) %}",
        "{% set ns.t = [ns.t] %}",
        "{% set ns.t = {'a': ns.t} %}",
        "{% set ns.t = ((((((((ns.t,),),),),),),),) %}",
        "{% set ns.t = namespace(t=ns.t) %}",
        "{% set ns.t = dict(a=ns.t) %}",
        "{% set ns.t = (ns.t, ns.t) %}",
        "{% set y = [] %}{% set _ = y.append(ns.t) %}{% set ns.t = y %}",
        "{% set y = {} %}{% set _ = y.update(a=ns.t) %}{% set ns.t = y %}",
        "{% set y = [0] %}{% set _ = y.insert(0, ns.t) %}{% set ns.t = y %}",
    ],
)
@pytest.mark.parametrize("use", ["{{ ns.t in {} }}", "{{ ns.t == 1 }}", "{{ ns.t }}"])
def test_a_value_that_a_loop_nests_deeper_and_deeper_is_refused(step: str, use: str) -> None:
    text = f"{{% set ns = namespace(t=()) %}}{{% for i in range(25000) %}}{step}{{% endfor %}}{use}"
    assert "deeper than 100 levels" in (said := fault_of(text)) or "too much work" in said


@pytest.mark.parametrize(
    "text",
    [
        "not " * 150 + "x",
        "x" + "|string" * 150,
        "x" + ".b" * 150,
        "x" + "[0]" * 150,
        "-" * 150 + "x",
        "x" + "()" * 150,
        "x if x else " * 150 + "x",
        "2 ** " * 150 + "x",
        "[" * 150 + "]" * 150,
    ],
)
def test_an_expression_of_many_levels_is_refused_at_once(text: str) -> None:
    assert fault_of("{{ " + text + " }}")


def test_constants_are_not_worked_out_while_a_template_is_compiled() -> None:
    filling, count = "x" * 150, 20
    text = "{{ [" + ",".join([f"'a'|center(100000)|replace(' ','{filling}')"] * count) + "]|length }}"
    tracemalloc.start()
    try:
        assert "too much work" in fault_of(text)
        assert tracemalloc.get_traced_memory()[1] < 5 * 100_000 * len(filling), "no more of them than the budget is for"
    finally:
        tracemalloc.stop()


def test_brackets_around_a_long_link_are_not_moved_one_by_one() -> None:
    assert "too much work" in fault_of("{{ ('(' * 100000 ~ 'www.a.com' ~ ')' * 100000)|urlize }}")


def test_values_of_ordinary_depth_are_made_as_before() -> None:
    text = (
        "{% set ns = namespace(t=[]) %}{% for i in range(20) %}{% set ns.t = [i, ns.t] %}{% endfor %}{{ ns.t|tojson }}"
    )
    depth, value = 0, json.loads(template(text).render({}))
    while value:
        depth, value = depth + 1, value[1]
    assert depth == 20
