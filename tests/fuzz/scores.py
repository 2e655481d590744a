"""Hostile scores, templates and patterns, drawn by seed and number: what has killed or bloated a process, and mutations of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

KILLER_SHARE = 0.06  # of the inputs, for each known killer
_ALPHABET = "(){}[]|*+?\\^$.-:,'\"#&!%~ \n\tabx019_<>=\0é\u2028"
_FILTERS = ("string", "length", "list", "join", "upper", "urlize", "tojson", "pprint", "center(900)", "replace('a','aaaa')",
            "wordwrap(3)", "indent(99)", "batch(2)|list", "map('upper')|list", "sort", "unique|list", "format")  # fmt: skip
_VALUES = ("x", "1", "'a'", "range(99)|list", "[x]*9", "{'a':x}", "x~x", "(x,)", "namespace(a=x)", "dict(a=1)")


@dataclass(frozen=True)
class Foreign:
    """One hostile text: what it is, the method that it is for, and the parameter's value."""

    kind: str
    method: str
    text: str


def _score(template: str, extra: str = "") -> str:
    return f"name: soak\n{extra}sheets:\n  - name: a\n    run: {json.dumps(template)}\n"


def _deep(random: Random) -> str:
    levels = random.choice((1, 4, 8, 16))
    step = "(" * levels + "ns.t" + ",)" * levels
    use = random.choice(("ns.t in {}", "ns.t == 1", "ns.t", "ns.t|string", "{ns.t: 1}"))
    return _score(f"{{% set ns = namespace(t=()) %}}{{% for i in range({random.randrange(9, 30_000)}) %}}"
                  f"{{% set ns.t = {step} %}}{{% endfor %}}{{{{ {use} }}}}")  # fmt: skip


def _folding(random: Random) -> str:
    piece = f"'a'|center({random.randrange(1000, 100_000)})|replace(' ','{'x' * random.randrange(1, 190)}')"
    return _score("{{ [" + ",".join([piece] * random.randrange(1, 200)) + "]|length }}")


def _operators(random: Random) -> str:
    step = random.choice(("not ", "-", "x if x else ", "2**", "("))
    tail = random.choice(("|string", ".b", "[0]", "()", "+x", "~x", "<x"))
    return _score("{{ " + step * random.randrange(300) + "x" + tail * random.randrange(300) + " }}")


def _links(random: Random) -> str:
    count = random.randrange(10, 100_000)
    return _score(f"{{{{ (('(' * {count}) ~ 'www.a.com' ~ (')' * {count}))|urlize }}}}")


def _laughs(random: Random) -> str:
    levels, wide = random.randrange(2, 12), random.randrange(2, 12)
    lines = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}' if n else 'x'] * wide)}]" for n in range(levels)]
    return "\n".join(lines) + "\nname: x\n"


def _brackets(random: Random) -> str:
    return random.choice(("[", "{a: ", "- ", "? ", "!!x ", "&a ", "|\n ")) * random.randrange(10, 20_000)


def _written_out(random: Random) -> str:
    pattern = random.choice(("a", "(a|b)", "[^x]", "\\w", "(?i:a)"))
    for _ in range(random.randrange(1, 5)):
        pattern = f"({pattern}{{{random.randrange(2, 5000)}}})"
    return pattern


def _backtracking(random: Random) -> str:
    return random.choice(("(a+)+$", "(a|aa)+$", "(.*)*x", "(.*){9}\\1", "(?:a?){30}a{30}", "(?R)?a", "(?:(?=a)a)*b"))


KILLERS: tuple[tuple[str, str, Callable[[Random], str]], ...] = (
    ("deep", "job.validate", _deep),
    ("folding", "job.validate", _folding),
    ("operators", "job.validate", _operators),
    ("links", "job.validate", _links),
    ("laughs", "job.validate", _laughs),
    ("brackets", "job.validate", _brackets),
    ("written out", "job.log", _written_out),
    ("backtracking", "job.log", _backtracking),
)


def draw(seed: str, number: int) -> Foreign:
    """Return a hostile text; the same two arguments give the same one."""
    random = Random(f"{seed}/foreign/{number}")
    at = int(random.random() / KILLER_SHARE)
    if at < len(KILLERS):
        kind, method, make = KILLERS[at]
        return Foreign(kind, method, _mutated(random, make(random)))
    kind, method, make = random.choice((
        ("expression", "job.validate", _expression), ("pattern", "job.log", _pattern), ("noise", "job.validate", _noise),
        ("condition", "job.validate", _condition), ("validation", "job.validate", _validation),
    ))  # fmt: skip
    return Foreign(kind, method, make(random))


def params_of(foreign: Foreign, job_id: str) -> dict[str, Any]:
    """Return the parameters of the call that brings the text."""
    if foreign.method == "job.log":
        return {"job_id": job_id, "mode": "search", "pattern": foreign.text[:1000] or "a"}
    return {"config_content": foreign.text, "client_cwd": "/"}


def _mutated(random: Random, text: str) -> str:
    """Change a few characters, or none."""
    for _ in range(random.choice((0, 0, 1, 2))):
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice(("", *_ALPHABET)) + text[at + random.randrange(2) :]
    return text


def _expression(random: Random) -> str:
    text = random.choice(_VALUES)
    for _ in range(random.randrange(1, 8)):
        text = random.choice((f"({text})|{random.choice(_FILTERS)}", f"[{text}, {random.choice(_VALUES)}]", f"({text}) * 99",
                              f"({text}) + ({text})", f"({text}) ~ ({text})", f"({text})[0]"))  # fmt: skip
    loop = f"{{% for i in range({random.randrange(3000)}) %}}{{{{ {text} }}}}{{% endfor %}}"
    return _score(random.choice((f"{{{{ {text} }}}}", loop)), "variables: {x: aaaa}\n")


def _pattern(random: Random) -> str:
    return "".join(random.choice(("a", "b", "(", ")", "*", "+", "?", "{2,}", "|", "[a-", "]", "\\w", "(?:", ".", "$"))
                   for _ in range(random.randrange(1, 40)))  # fmt: skip


def _noise(random: Random) -> str:
    return "".join(random.choice(_ALPHABET) for _ in range(random.randrange(3000)))


def _condition(random: Random) -> str:
    words = [
        random.choice(("not", "(", ")", "and", "or", "x", "==", "1", "'a'", "<", "statuses['a']")) for _ in range(40)
    ]
    return (
        f"name: soak\nvariables: {{x: 1}}\nsheets:\n  - {{name: a, run: x, skip_when: {json.dumps(' '.join(words))}}}\n"
    )


def _validation(random: Random) -> str:
    rule = {"content_regex": {"path": "{workspace}/" * random.randrange(50), "pattern": _written_out(random)}}
    return f"name: soak\nsheets:\n  - {{name: a, run: x, validate: [{json.dumps(rule)}]}}\n"
