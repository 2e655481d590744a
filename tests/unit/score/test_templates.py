from typing import Any

import pytest

from podium.score.templates import MAX_OUTPUT, TemplateFault, template


def rendered(text: str, /, **variables: Any) -> str:
    return template(text).render(variables)


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("echo $HOME {a,b} ${x} }} \n", "echo $HOME {a,b} ${x} }} \n"),
        ("{{ a }}/{{b}}\n", "1/two\n"),
        ("{% for i in range(3) %}{{ i }}{{ ',' if not loop.last }}{% endfor %}", "0,1,2"),
        (
            "{{ '%02d' | format(a) }} {{ [a, 2] | join('-') }} {{ nope | default('none') }} {{ m | tojson }}",
            '01 1-2 none {"k": [1]}',
        ),
        ("{% set l = [] %}{% set _ = l.append(a) %}{{ l }}", "[1]"),
        ("{% raw %}{{ a }} ${#list[@]}{% endraw %}", "{{ a }} ${#list[@]}"),
        ("a{# note #}b", "ab"),
        ("{{ a ~ b }}{{ 2 * a + 3 }}{{ 'x' * 3 }}{{ 7 % 4 }}{{ 2 ** 3 }}", "1two5xxx38"),
        ("{% for i in m.k recursive %}{{ i }}{% endfor %}", "1"),
    ],
)
def test_templates_are_jinja_and_keep_their_last_newline(text: str, output: str) -> None:
    assert rendered(text, a=1, b="two", m={"k": [1]}) == output


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a\n{{ b }}", 2, "'b' is undefined"),
        ("a\n\n{{ m.nope }}", 3, "no attribute 'nope'"),
        ("{{ a\n}} {% if %}", 2, "Expected an expression"),
        ("a\n{% for x in m %}", 2, "Unexpected end of template"),
        ("{{ 1 / 0 }}", 1, "division by zero"),
        ("{{ 'a' + 1 }}", 1, "TypeError"),
        ("x=1\nn=${#list[@]}", 2, "${# as {% raw %}"),
        ("n=${#list[@]}\necho {{ m }} ${x#}", 1, "${# as {% raw %}"),
        ("{% include 'other' %}", 1, "cannot be included"),
        ("{{ ''.__class__ }}", 1, "unsafe"),
        ("{{ lipsum() }}", 1, "'lipsum' is undefined"),
        ("docker inspect -f '{{.State.Status}}'", 1, "{% raw %}"),
        ("{{ " + "(" * 500 + "1" + ")" * 500 + " }}", 1, "cannot be compiled"),
        ("{{ " + "1 + " * 5000 + "1 }}", 1, "cannot be compiled"),
    ],
)
def test_a_template_that_fails_says_where_and_why(text: str, line: int, message: str) -> None:
    with pytest.raises(TemplateFault) as caught:
        rendered(text, m={})
    assert message in caught.value.message
    assert caught.value.line == line


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'x' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ 9 ** 99999999 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%1000000000d' | format(1) }}",
        "{{ '%*d' | format(1000000000, 1) }}",
        "{{ '{:>1000000000}'.format(1) }}",
        "{{ 'x' | center(1000000000) }}",
        "{{ 'x'.ljust(1000000000) }}",
        "{{ range(100000000) | list }}",
        "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
        "{% for a in big recursive %}{{ loop(big) }}{% endfor %}",
        "{% set n = namespace(x='ab') %}{% for a in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x='ab') %}{% for a in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set l = [1] %}{% for a in range(60) %}{% set _ = l.extend(l) %}{% endfor %}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(50) }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f() %}{% for i in range(99999) %}" + "x" * 5000 + "{% endfor %}{% endmacro %}{{ f() | length }}",
        "{% set x %}{% for i in range(9999) %}{{ text }}{% endfor %}{% endset %}{{ x | length }}",
        "{% for i in range(9999) %}" + "x" * 5000 + "{% endfor %}",
        "{{ text }}{{ text }}{{ text }}",
    ],
)
def test_a_template_that_would_run_for_ever_or_fill_the_memory_is_stopped(text: str) -> None:
    with pytest.raises(TemplateFault):
        rendered(text, text="y" * (MAX_OUTPUT // 2), big=[1] * 1000)


def test_a_template_cannot_change_the_variables_for_the_next_one() -> None:
    variables = {"items": [1]}
    assert template("{{ items.append(2) }}{{ items }}").render(variables) == "None[1, 2]"
    assert variables == {"items": [1]}


def test_a_template_tells_which_names_it_uses() -> None:
    assert template("{{ a }} {{ b }}").names == {"a", "b"}
    assert template("{% set c = 1 %}{{ a.x }}{{ c }}{% for d in e %}{{ d }}{% endfor %}").names == {"a", "e"}
    assert template("plain").names == frozenset()
