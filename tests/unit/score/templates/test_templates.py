import resource
import sys
from typing import Any

import pytest

from podium.score.templates.environment import MAX_OUTPUT, TemplateFault, template

MOST_GROWTH = 100 * 1024 * 1024  # bytes


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
        ("{{ " + "1 + " * 5000 + "1 }}", 1, "is nested deeper than 100 levels"),
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
        "{{ text }}" * 300_000,
    ],
)
def test_a_template_that_would_run_for_ever_or_fill_the_memory_is_stopped(text: str) -> None:
    with pytest.raises(TemplateFault):
        rendered(text, text="y" * (MAX_OUTPUT // 2), big=[1] * 1000)


@pytest.mark.parametrize(
    "text",
    [
        '{{ ("a\\n" * 100000) | indent(10000) | length }}',
        '{{ ("a\\n" * 100000) | indent("b" * 10000) | length }}',
        '{{ ("a" * 100000) | replace("a", "b" * 100000) | length }}',
        '{{ ("a" * 100000).replace("", "b" * 100000) | length }}',
        '{{ ("a" * 100000) | join("b" * 100000) | length }}',
        '{{ ("b" * 100000).join(range(99999) | map("string")) | length }}',
        '{{ "".join([text] * 9999) | length }}',
        "{{ ([text] * 9999) | join | length }}",
        "{{ ([text] * 9999) | select | join | length }}",
        "{{ ([text] * 9999) | sort | length }}",
        "{{ ([text] * 9999) | string | length }}",
        "{{ ([text] * 9999) | tojson | length }}",
        "{{ ([text] * 9999) | pprint | length }}",
        '{{ (([text] * 9999) ~ "") | length }}',
        "{% set x %}{{ [text] * 9999 }}{% endset %}",
        '{% set n = namespace(x=[text] * 9999) %}{{ (n ~ "") | length }}',
        '{{ ({1: [text] * 9999}.items() ~ "") | length }}',
        "{{ big | tojson(indent=100000) | length }}",
        '{{ ("\\t" * 100000).expandtabs(100000) | length }}',
        '{{ ("a" * 100000).translate({97: "b" * 100000}) | length }}',
        '{{ ("%(x)s" * 10000) | format(x=text) | length }}',
        '{{ (("%(x)s" * 10000) % {"x": text}) | length }}',
        '{{ ("%999s" * 100000) | format(1) | length }}',
        '{{ ("a " * 100000) | wordwrap(1, true, "x" * 100000) | length }}',
        "{{ (text ~ text) | wordwrap(1) | length }}",
        '{{ ("www.a.com " * 100000) | urlize(rel="x" * 100000) | length }}',
        "{{ (text * 30) | list | length }}",
        '{{ (text * 30).replace("y", " y").split() | length }}',
        '{{ ("y,\\n" * 400000).split(",") | length }}',
        '{{ ("y,\\n" * 400000).splitlines() | length }}',
        "{% set l = [] %}{% set _ = l.extend(text * 30) %}{{ l | length }}",
        "{{ ([big] * 250) | sum(start=[]) | length }}",
        '{{ ("f" * 1000000) | int(0, 16) > 1 }}',
        '{{ ("a" * 100000).encode() | length }}',
        "{{ ([2 ** 4095] * 90000) | string | length }}",
        '{{ {"k" * 90000: [0] * 2000} | pprint | length }}',
        "{{ ((text ~ text ~ text) | urlencode) | length }}",
        '{{ (("%s" | safe) % ("<" * 5000000)) | length }}',
        '{{ ("" | safe) + "<" * 5000000 }}',
    ],
)
def test_what_would_make_much_of_little_is_stopped_before_it_is_made(text: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TemplateFault, match=r"too much work|unsafe|bits"):
        rendered(text, text="y" * (MAX_OUTPUT // 2), big=[1] * 1000)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * (1024 if sys.platform == "linux" else 1) < MOST_GROWTH


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("{{ 'a\nb' | indent(2) }} {{ words | indent | length }}", "a\n  b 400000"),
        ("{{ words | replace('a', 'bb') | length }} {{ words.replace('a', 'bb') | length }}", "600000 600000"),
        ("{{ big | join(', ') | length }} {{ ', '.join(words[:2000].split()) | length }}", "2998 2998"),
        ("{{ big | tojson(indent=2) | length }} {{ 1000000 | tojson }}", "5002 1000000"),
        ("{{ words | wordwrap(40) | length }} {{ words[:2000] | list | length }}", "399999 2000"),
        ("{{ '%s %05.1f' | format('a', 2) }} {{ '%(x)s' % {'x': 3} }}", "a 002.0 3"),
        ("{{ 'a\tb'.expandtabs(4) }}{{ 'ab'.translate({97: 'c'}) }}", "a   bcb"),
        ("{{ [[1], [2]] | sum(start=[]) }} {{ [1, 2] | sum }}", "[1, 2] 3"),
        ("{{ range(3) | map('string') | join('-') }} {{ '-'.join(range(3) | map('string')) }}", "0-1-2 0-1-2"),
        ("{{ 'see www.a.com' | urlize }}", 'see <a href="https://www.a.com" rel="noopener">www.a.com</a>'),
    ],
)
def test_large_texts_are_worked_on_as_ever(text: str, output: str) -> None:
    assert rendered(text, words="a " * 200_000, big=[1] * 1000) == output


def test_a_template_cannot_change_the_variables_for_the_next_one() -> None:
    variables = {"items": [1]}
    assert template("{{ items.append(2) }}{{ items }}").render(variables) == "null[1, 2]"
    assert variables == {"items": [1]}


def test_a_template_tells_which_names_it_uses() -> None:
    assert template("{{ a }} {{ b }}").names == {"a", "b"}
    assert template("{% set c = 1 %}{{ a.x }}{{ c }}{% for d in e %}{{ d }}{% endfor %}").names == {"a", "e"}
    assert template("plain").names == frozenset()


DOUBLED = (
    "{% set n = namespace(a=[0], b=[0], t=(0, 0), l=[]) %}{% for i in range(60) %}"
    "{% set n.a = [n.a, n.a] %}{% set n.b = [n.b, n.b] %}{% set n.t = (n.t, n.t) %}{% endfor %}"
)
"""Values that are small, since their parts are the same, and large for whoever goes through them."""


@pytest.mark.parametrize(
    "text",
    [
        "{{ n.a == n.b }}",
        "{{ n.a < n.b }}",
        "{{ n.a in [n.b] }}",
        "{{ n.a is eq(n.b) }}",
        "{{ n.a is in([n.b]) }}",
        "{{ [n.a] | select('eq', n.b) | list }}",
        "{{ [n.a].count(n.b) }}",
        "{{ [n.a].index(n.b) }}",
        "{% set _ = [n.a, n.b].sort() %}",
        "{{ n.t in {} }}",
        "{{ {n.t: 1} }}",
        "{{ {}.get(n.t) }}",
        "{{ {}[n.t] }}",
        "{{ dict([[n.t, 1]]) }}",
        "{{ [n.a, n.b] | unique | list }}",
        "{% for i in range(100000) %}{% if 'z' in text %}{% endif %}{% endfor %}",
    ],
)
def test_a_comparison_that_would_go_on_for_ever_is_stopped(text: str) -> None:
    with pytest.raises(TemplateFault, match="too much work"):
        rendered(DOUBLED + text, text="y" * (MAX_OUTPUT // 2))


def test_comparisons_of_ordinary_values_are_free() -> None:
    text = "{% for i in items %}{% if i in items and {i: [i]}[i] == [i] %}{{ i }}{% endif %}{% endfor %}"
    assert rendered(text, items=list(range(1000))) == "".join(map(str, range(1000)))
