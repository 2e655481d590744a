"""Every refusal has its line, its column and its field, and all are told at once."""

from pathlib import Path

import pytest

from podium.errors import ScoreInvalid
from tests.unit.score.helpers import compiled, numbered, only, places, problems, sheets

NAMED = [
    ("{run: [5]}", 9, "sheets[0].run", "should be text, not a list"),
    ("{run: {a: b}}", 9, "sheets[0].run", "should be text, not a mapping"),
    ("{run: }", 3, "sheets[0]", "needs one of run, prompt, prompt_file"),
    ("{run: ''}", 9, "sheets[0].run", "is empty"),
    ("{prompt: ' ', instrument: claude-code}", 12, "sheets[0].prompt", "is empty"),
    ("{name: a}", 3, "sheets[0]", "needs one of run, prompt, prompt_file"),
    ("a", 3, "sheets[0]", "should be a mapping, not the text 'a'; write {run: a}"),
    ("{run: x, prompt: y}", 3, "sheets[0]",
     "has run and prompt; write exactly one of run, prompt, prompt_file"),
    ("{run: x, ned: []}", 12, "sheets[0].ned", "unknown key; did you mean needs?"),
    ("{run: x, nedes: []}", 12, "sheets[0].nedes", "unknown key; did you mean needs?"),
    ("{run: x, 5: a}", 15, "sheets[0][5]", "a key should be text; put it in quotes"),
    ("{run: x, name: ' a'}", 18, "sheets[0].name", "has control characters or invisible letters, or begins or ends with a space"),
    ('{run: x, name: "a\\u3164"}', 18, "sheets[0].name", "has control characters or invisible letters, or begins or ends with a space"),
    ("{run: x, name: '7'}", 18, "sheets[0].name",
     "a name cannot be a number, because that refers to the sheet with that number"),
    ("{run: x, name: 'a[b]'}", 18, "sheets[0].name",
     "a name cannot contain square brackets, which mark the items of foreach"),
    ("{run: x, needs: a}", 19, "sheets[0].needs", "should be a list, not the text 'a'; write [a]"),
    ("{run: x, needs: [lint]}", 20, "sheets[0].needs[0]", "unknown sheet 'lint'"),
    ("{run: x, needs: [2]}", 20, "sheets[0].needs[0]", "unknown sheet 2"),
    ("{run: x, needs: [1]}", 20, "sheets[0].needs[0]", "a sheet cannot need itself"),
    ("{run: x, needs: [true]}", 20, "sheets[0].needs[0]", "unknown sheet 'true'"),
    ("{run: x, name: a, foreach: []}", 30, "sheets[0].foreach",
     "needs at least one item"),
    ("{run: x, name: a, foreach: [[1]]}", 30, "sheets[0].foreach", "each item should be a single value, not a list"),
    ("{run: x, name: a, foreach: {a: [1], b: [2]}}", 30, "sheets[0].foreach",
     "should be a list, or a mapping of one name to a list, not a mapping"),
    ("{run: x, name: a, foreach: {a-b: [1]}}", 30, "sheets[0].foreach", "'a-b' is not a valid variable name"),
    ("{run: x, name: a, foreach: {stage: [1]}}", 30, "sheets[0].foreach", "stage is reserved: every template already has a variable with this name"),
    ("{run: x, name: a, foreach: [1, '1']}", 30, "sheets[0].foreach", "creates sheet a[1] twice"),
    ("{run: x, name: a, foreach: [\"t\\tb\"]}", 30, "sheets[0].foreach",
     "each item becomes part of a name: use 1 to 100 characters, no control characters or invisible letters"),
    ("{prompt: x, instrument: claude-code, instrument_config: {timeout_seconds: 5}}", 60,
     "sheets[0].instrument_config.timeout_seconds", "belongs on the sheet itself; set timeout_seconds there"),
    ("{run: x, foreach: [1]}", 12, "sheets[0].foreach", "a sheet with foreach needs a name"),
    ("{run: x, timeout_seconds: 0}", 29, "sheets[0].timeout_seconds", "must be more than 0, not the number 0"),
    ("{run: x, timeout_seconds: soon}", 29, "sheets[0].timeout_seconds",
     "should be a number of seconds, or one with a unit such as 90s, 5m or 2h, not the text 'soon'"),
    ("{run: x, retry: {max_retries: -1}}", 33, "sheets[0].retry.max_retries", "must be at least 0, not the number -1"),
    ("{run: x, retry: {max_retries: 1.5}}", 33, "sheets[0].retry.max_retries",
     "should be a whole number, not the number 1.5"),
    ("{run: x, retry: {base_delay_seconds: 9, max_delay_seconds: 1}}", 40, "sheets[0].retry.base_delay_seconds",
     "is greater than max_delay_seconds"),
    ("{run: x, env: {A: }}", 21, "sheets[0].env.A", 'is empty; write "" for an empty text'),
    ("{run: x, env: {A=B: c}}", 18, "sheets[0].env.A=B", "'A=B' is not a valid environment variable name"),
    ("{run: x, env: {PODIUM_SHEET: c}}", 18, "sheets[0].env.PODIUM_SHEET", "is reserved: the conductor sets it"),
    ("{run: x, on_lost: never}", 21, "sheets[0].on_lost", "should be 'retry' or 'fail', not the text 'never'"),
    ("{run: x, instrument: claude-code}", 24, "sheets[0].instrument",
     "run is a script for cli; an agent instrument takes a prompt"),
    ("{prompt: x}", 3, "sheets[0]", "a prompt needs an instrument: the agent that runs it"),
    ("{prompt: x, instrument: cli}", 27, "sheets[0].instrument",
     "a prompt needs an agent instrument; for a cli script, use run"),
    ("{prompt: x, instrument: claude-cod}", 27, "sheets[0].instrument",
     "unknown instrument 'claude-cod'; did you mean claude-code?"),
    ("{run: x, instrument_config: {a: 1}}", 12, "sheets[0].instrument_config", "cli has no settings"),
    ("{run: x, skip_when: blah blah}", 23, "sheets[0].skip_when",
     "the condition cannot be evaluated: 'blah' is unexpected here"),
    ("{run: x, skip_when: 'statuses[4] == \"failed\"'}", 23, "sheets[0].skip_when",
     "the condition cannot be evaluated: statuses has no entry 4"),
    ("{run: x, skip_when: [a]}", 23, "sheets[0].skip_when", "should be text, not a list"),
    ("{run: x, skip_when_command: {timeout_seconds: 5}}", 31, "sheets[0].skip_when_command", "has no command"),
    ("{run: x, skip_when_command: 'test {{ workspace }}'}", 31, "sheets[0].skip_when_command",
     "is not a template: write {workspace} with single braces"),
    ("{run: '{{ wrkspace }}'}", 9, "sheets[0].run", "template: 'wrkspace' is undefined; did you mean workspace?"),
    ("{run: '{{ one }} {{ two }}'}", 9, "sheets[0].run",
     "template: 'one' is undefined; define it under variables, or call start_job with variables=[\"one=...\"]; "
     "also undefined: two"),
    ("{run: '{{ previous_outputs[1] }}'}", 9, "sheets[0].run", "template: dict object has no element 1"),
    ("{run: x, validate: {file_exists: f}}", 22, "sheets[0].validate", "should be a list, not a mapping; write [{file_exists: f}]"),
    ("{run: x, validate: [{}]}", 23, "sheets[0].validate[0]", "should be one validation, {type: value}"),
    ("{run: x, validate: [{file_exist: f}]}", 24, "sheets[0].validate[0].file_exist",
     "unknown key; did you mean file_exists?"),
    ("{run: x, validate: [{file_exists: a, file_modified: b}]}", 23, "sheets[0].validate[0]",
     "should be one validation, {type: value}"),
    ("{run: x, validate: [{file_exists: ''}]}", 37, "sheets[0].validate[0].file_exists", "file_exists needs path"),
    ("{run: x, validate: [{content_contains: {path: f}}]}", 42, "sheets[0].validate[0].content_contains",
     "content_contains needs pattern"),
    ("{run: x, validate: [{content_regex: {path: f, pattern: '('}}]}", 58, "sheets[0].validate[0].content_regex.pattern",
     "is not a valid regular expression: missing ) at position 1"),
    ("{run: x, validate: [{file_exists: {path: f, stage: 11}}]}", 54, "sheets[0].validate[0].file_exists.stage",
     "must be at most 10, not the number 11"),
    ("{run: x, validate: [{file_exists: {path: f, stag: 1}}]}", 47, "sheets[0].validate[0].file_exists.stag",
     "unknown key; did you mean stage?"),
    ("{run: x, validate: [{file_exists: '{workspac}/f'}]}", 37, "sheets[0].validate[0].file_exists.path",
     "unknown variable 'workspac' in {workspac}; did you mean workspace?"),
    ("{run: x, validate: [{file_exists: '{{ workspace }}/f'}]}", 37, "sheets[0].validate[0].file_exists.path",
     "is not a template: write {workspace} with single braces"),
    ("{run: x, validate: [{file_exists: {path: f, condition: nope > 1}}]}", 58, "sheets[0].validate[0].file_exists.condition",
     "the condition cannot be evaluated: unknown variable 'nope'"),
]  # fmt: skip

TOP = [
    ("sheets: [{run: x}]", 1, 1, "name", "the score needs a name"),
    ("name: ''\nsheets: [{run: x}]", 1, 7, "name", "the score needs a name"),
    ("name: [yes]\nsheets: [{run: x}]", 1, 7, "name", "should be text, not a list"),
    ("name: x\nsheets: []", 2, 9, "sheets", "needs at least one sheet"),
    ("name: x\nsheets:", 2, 8, "sheets", "should be a list, not an empty value; write [{name: build, run: make}]"),
    ("name: x\nsheets: {a: b}", 2, 9, "sheets", "should be a list, not a mapping; write [{name: a, run: b}]"),
    ("name: x\nshets: []", 2, 1, "shets", "unknown key; write sheets"),
    ("name: x\nsteps: []", 2, 1, "steps", "unknown key; write sheets"),
    ("name: x\nwhatever: []", 1, 1, "", "the score has neither sheets (named) nor sheet (numbered); its keys: name, whatever"),
    ("{}", 1, 1, "", "the score has neither sheets (named) nor sheet (numbered); its keys: none"),
    ("name: x\nsheets: [{run: x}]\nsheet: {}", 3, 1, "sheet",
     "a score has either sheets (named) or sheet (numbered), not both"),
    ("name: x\nsheets: [{run: x}]\nworkspce: a", 3, 1, "workspce", "unknown key; did you mean workspace?"),
    ("name: x\nsheets: [{run: x}]\nretry: {}", 3, 1, "retry", "unknown key; it belongs to a sheet"),
    ("name: x\nsheets: [{run: x}]\nworkspace: ''", 3, 12, "workspace",
     "must have at least 1 character, not the text ''"),
    ("name: x\nsheets: [{run: x}]\ninstrument: nope", 3, 13, "instrument", "unknown instrument 'nope'"),
    ("name: x\nsheets: [{run: x}]\nvariables: {stage: 1}", 3, 13, "variables.stage",
     "stage is reserved: every template already has a variable with this name"),
    ("name: x\nsheets: [{run: x}]\nvariables: {0: b}", 3, 12, "variables",
     "0 cannot be the name of a variable, which begins with a letter"),
    ("name: x\nsheets: [{run: x}]\nvariables: {a: [{1: b, '1': c}]}", 3, 12, "variables",
     'the keys 1 and "1" are the same'),
    ("name: x\nsheets: [{run: x}]\nparallel: {max_concurrent: 0}", 3, 28, "parallel.max_concurrent",
     "must be at least 1, not the number 0"),
    ("name: x\nsheets:\n- {name: a, run: x}\n- {name: a, run: x}", 4, 10, "sheets[1].name",
     "the name 'a' is taken by another sheet"),
    ("name: x\nsheets:\n- {name: a, run: x, needs: [b]}\n- {name: b, run: x, needs: [a]}", 3, 21, "sheets[0].needs",
     "the sheets wait for each other: a needs b needs a"),
    ("name: x\nsheets:\n- run: |\n    one\n      {{ two }}\n", 5, 7, "sheets[0].run",
     "template: 'two' is undefined; define it under variables, or call start_job with variables=[\"two=...\"]"),
    ("name: x\nsheets:\n- run: |\n    a=(1)\n    echo ${#a[@]}\n", 5, 5, "sheets[0].run",
     "template: Missing end of comment tag; write the shell's ${# as {% raw %}${#{% endraw %}"),
]  # fmt: skip

NUMBERED = [
    ("learning: {enabled: true}", 5, 1, "learning",
     "not supported: Podium does not learn from earlier runs; write enabled: false"),
    ("isolation: {enabled: true}", 5, 1, "isolation",
     "not supported: sheets run in the workspace itself; make the worktree in a sheet of its own: git worktree add"),
    ("notifications: [{type: desktop}]", 5, 1, "notifications",
     "not supported: the conductor sends nothing itself; write on_end: {run: COMMAND}, which runs when the job has ended"),
    ("concert: {enabled: true}", 5, 1, "concert",
     "not supported: a score does not start another one; have on_end or the caller run the next: podium run -d FILE"),
    ("movements: {7: {name: x}}", 5, 13, "movements[7]", "sheet 7 does not exist; the last one is 3"),
    ("backend: {type: ollama}", 5, 11, "backend.type", "instrument is given too; leave one of the two out"),
    ("retry: {foo: 1}", 5, 9, "retry.foo", "unknown key"),
    ("retry: {max_delay_seconds: 1}", 5, 8, "retry.base_delay_seconds", "is greater than max_delay_seconds"),
    ("parallel: {max_concurrent: 21}", 5, 28, "parallel.max_concurrent", "must be at most 20, not the number 21"),
    ("pause_between_sheets_seconds: -1", 5, 31, "pause_between_sheets_seconds", "must be at least 0, not the number -1"),
    ("instrumnt: cli", 5, 1, "instrumnt", "unknown key; did you mean instrument or instruments or instrument_config?"),
    ("instrument_config: {model: x}", 5, 21, "instrument_config.model", "is not a setting of cli"),
    ("instrument_config: {timeout_seconds: never}", 5, 38, "instrument_config.timeout_seconds",
     "should be a number of seconds greater than 0"),
    ("validations: [{path: f}]", 5, 15, "validations[0]", "a validation needs a type"),
    ("validations: [{type: nope}]", 5, 22, "validations[0].type",
     "should be 'file_exists', 'file_modified', 'content_contains', 'content_regex' or 'command_succeeds', not the text 'nope'"),
    ("validations: [{type: file_exists}]", 5, 15, "validations[0]", "file_exists needs path"),
    ("validations: [{type: content_regex, path: f}]", 5, 15, "validations[0]", "content_regex needs pattern"),
    ("validations: [{type: command_succeeds}]", 5, 15, "validations[0]", "command_succeeds needs command"),
    ("validations: [{type: file_exists, path: f, pattern: x}]", 5, 44, "validations[0].pattern",
     "file_exists does not take pattern"),
    ("validations: [{type: content_regex, path: f, pattern: '('}]", 5, 55, "validations[0].pattern",
     "is not a valid regular expression: missing ) at position 1"),
    ("validations: [{type: file_exists, path: f, condition: blah blah}]", 5, 55, "validations[0].condition",
     "the condition cannot be evaluated: 'blah' is unexpected here"),
    ("validations: [{type: file_exists, path: f, sheet: 9}]", 5, 51, "validations[0].sheet",
     "sheet 9 does not exist; the last one is 3"),
    ("validations: [{type: file_exists, path: f, retry_count: 11}]", 5, 57, "validations[0].retry_count",
     "must be at most 10, not the number 11"),
    ("validations: [{type: file_exists, path: f, retry_delay_ms: 5001}]", 5, 60, "validations[0].retry_delay_ms",
     "must be at most 5000, not the number 5001"),
    ("validations: [nope]", 5, 15, "validations[0]", "should be a mapping, not the text 'nope'"),
]  # fmt: skip

SHEET = [
    ("size: 1", 0, "sheet.total_items", "sheet needs total_items"),
    ("size: 0, total_items: 1", 7, "sheet.size", "must be at least 1, not the number 0"),
    ("size: 1.5, total_items: 1", 7, "sheet.size", "should be a whole number, not the number 1.5"),
    ("size: 1, total_items: 3, start_item: 4", 38, "sheet.start_item", "is larger than total_items (3), which leaves no sheets"),
    ("size: 1, total_items: 99999999", 23, "sheet.total_items", "makes 99999999 sheets, more than the limit of 20000"),
    ("size: 1, total_items: 2, fan_out: {1: 0}", 39, "sheet.fan_out[1]", "must be at least 1, not the number 0"),
    ("size: 2, total_items: 2, fan_out: {1: 2}", 26, "sheet.fan_out",
     "needs size 1 and start_item 1, so that each stage is one item"),
    ("size: 1, total_items: 2, fan_out: {7: 2}", 36, "sheet.fan_out[7]", "stage 7 does not exist; the last one is 2"),
    ("size: 1, total_items: 2, fan_out: {1: 20000}", -7, "sheet", "the score makes more sheets than the limit of 20000"),
    ("size: 1, total_items: 2, fan_out: {1: 99999999}", -7, "sheet", "the score makes more sheets than the limit of 20000"),
    ("size: 1, total_items: 2, dependencies: {2: 1}", 44, "sheet.dependencies[2]", "should be a list, not the number 1"),
    ("size: 1, total_items: 2, dependencies: {a: [1]}", 41, "sheet.dependencies.a",
     "should be a whole number, not the text 'a'"),
    ("size: 1, total_items: 2, dependencies: {2: [], '2': [1]}", 40, "sheet.dependencies", "sheet 2 appears twice"),
    ("size: 1, total_items: 2, dependencies: {3: [1]}", 41, "sheet.dependencies[3]",
     "sheet 3 does not exist; the last one is 2"),
    ("size: 1, total_items: 2, dependencies: {1: [5]}", 45, "sheet.dependencies[1][0]",
     "sheet 5 does not exist; the last one is 2"),
    ("size: 1, total_items: 2, dependencies: {1: [1]}", 45, "sheet.dependencies[1][0]", "a sheet cannot need itself"),
    ("size: 1, total_items: 2, dependencies: {1: [2], 2: [1]}", 26, "sheet.dependencies",
     "the sheets wait for each other: sheet 1 needs sheet 2 needs sheet 1"),
    ("size: 1, total_items: 2, total_sheets: 3", 40, "sheet.total_sheets", "should be 2, the number of sheets"),
    ("size: 1, total_items: 2, skip_when: {1: nope}", 41, "sheet.skip_when[1]",
     "the condition cannot be evaluated: unknown variable 'nope'"),
    ("size: 1, total_items: 2, skip_when_command: {1: {command: x, timeout_seconds: 61}}", 79,
     "sheet.skip_when_command[1].timeout_seconds", "must be at most 60, not the number 61"),
    ("size: 1, total_items: 2, per_sheet_instruments: {1: nope}", 53, "sheet.per_sheet_instruments[1]",
     "unknown instrument 'nope'"),
    ("size: 1, total_items: 2, instrument_map: {cli: [1], claude-code: [1]}", 67, "sheet.instrument_map.claude-code[0]",
     "sheet 1 has two instruments"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "column", "field", "message"), NAMED)
def test_a_named_sheet_is_refused_at_its_place(entry: str, column: int, field: str, message: str) -> None:
    problem = only(sheets(entry))
    assert problem["message"] == message
    assert (problem["line"], problem["column"], problem["field"]) == (3, column, field)


@pytest.mark.parametrize(("text", "line", "column", "field", "message"), TOP)
def test_a_named_score_is_refused_at_its_place(text: str, line: int, column: int, field: str, message: str) -> None:
    problem = only(text)
    assert problem["message"] == message
    assert (problem["line"], problem["column"], problem["field"]) == (line, column, field)


@pytest.mark.parametrize(("rest", "line", "column", "field", "message"), NUMBERED)
def test_a_numbered_score_is_refused_at_its_place(rest: str, line: int, column: int, field: str, message: str) -> None:
    problem = only(numbered(rest))
    assert problem["message"] == message
    assert (problem["line"], problem["column"], problem["field"]) == (line, column, field)


@pytest.mark.parametrize(("sheet", "column", "field", "message"), SHEET)
def test_a_numbered_sheet_block_is_refused_at_its_place(sheet: str, column: int, field: str, message: str) -> None:
    problem = only(numbered(sheet=sheet))
    assert problem["message"] == message
    assert (problem["line"], problem["column"], problem["field"]) == (3, len("sheet: {") + column, field)


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        (("name: demo\n", ""), (1, 1, "name"), "the score needs name"),
        (("name: demo", "name: [5]"), (1, 7, "name"), "should be text, not a list"),
        (("prompt: {template: 'true'}\n", ""), (1, 1, "prompt"), "the score needs prompt"),
        (("template: 'true'", ""), (4, 9, "prompt"), "needs template or template_file"),
        (("template: 'true'", "template: x, template_file: y"), (4, 9, "prompt"),
         "has both template and template_file; use only one of them"),
        (("template: 'true'", "template: [5]"), (4, 20, "prompt.template"), "should be text, not a list"),
        (("template: 'true'", "template: 'true', foo: 1"), (4, 28, "prompt.foo"), "unknown key"),
        (("template: 'true'", "template: '{{ nope }}'"), (4, 20, "prompt.template"),
         "template: 'nope' is undefined; define it under prompt.variables, or call start_job with variables=[\"nope=...\"]"),
        (("instrument: cli", "instrument: ''"), (2, 13, "instrument"), "must have at least 1 character, not the text ''"),
        (("instrument: cli", "instrument: nope"), (2, 13, "instrument"), "unknown instrument 'nope'"),
    ],
)  # fmt: skip
def test_what_a_numbered_score_needs_is_asked_for(
    change: tuple[str, str], place: tuple[int, int, str], message: str
) -> None:
    problem = only(numbered().replace(*change))
    assert problem["message"] == message
    assert (problem["line"], problem["column"], problem["field"]) == place


def test_without_an_instrument_and_without_the_default_one_the_known_ones_are_named() -> None:
    problem = only(numbered().replace("instrument: cli\n", ""), instruments=["cli"])
    assert problem["message"] == "the score names no instrument, and the default, claude-code, is not available"
    assert problem["allowed"] == ["cli"]


def test_an_unknown_key_tells_what_is_allowed() -> None:
    problem = only(sheets("{run: x, retry: {times: 3}}"))
    assert problem["allowed"] == [
        "base_delay_seconds",
        "exponential_base",
        "jitter",
        "max_delay_seconds",
        "max_retries",
    ]


def test_a_sheet_that_does_not_exist_tells_which_do() -> None:
    problem = only(sheets("{name: lint, run: x, needs: [lin]}", "{name: tests, run: x}"))
    assert problem["message"] == "unknown sheet 'lin'; did you mean lint?"
    assert problem["allowed"] == ["lint", "tests"]


def test_every_problem_is_told_at_once_in_the_order_of_the_lines() -> None:
    text = """\
        name: x
        foo: 1
        sheets:
        - run: [5]
          ned: []
        - 7
        - name: a
          needs: [a, zz]
          run: |
            one {{ x }}
          retry: {max_retries: -1}
          validate: [{file_exist: x}, {file_exists: '{nope}/x'}]
        - {name: b, needs: [c], run: x}
        - {name: c, needs: [b], run: x}
        """
    assert places(text) == [
        (2, 1, "foo"),
        (4, 8, "sheets[0].run"),
        (5, 3, "sheets[0].ned"),
        (6, 3, "sheets[1]"),
        (8, 11, "sheets[2].needs[0]"),
        (8, 14, "sheets[2].needs[1]"),
        (10, 5, "sheets[2].run"),
        (11, 24, "sheets[2].retry.max_retries"),
        (12, 15, "sheets[2].validate[0].file_exist"),
        (12, 45, "sheets[2].validate[1].file_exists.path"),
        (13, 13, "sheets[3].needs"),
    ]


def test_the_error_says_the_first_problem_and_how_many_there_are() -> None:
    with pytest.raises(ScoreInvalid) as caught:
        compiled("name: x\nsheets: [{run: [1]}, {run: [2]}]", path=Path("/s/a.yaml"))
    assert caught.value.message == (
        "The score /s/a.yaml is not valid: line 2, column 16, sheets[0].run: "
        "should be text, not a list (and 1 more problem)."
    )
    assert caught.value.facts["problems_total"] == 2


def test_a_problem_of_many_instances_is_told_once_and_a_long_list_is_cut() -> None:
    assert len(problems(sheets("{name: a, foreach: [1, 2, 3], run: '{{ nope }}'}"))) == 1
    with pytest.raises(ScoreInvalid) as caught:
        compiled(sheets(*[f"{{run: x, needs: [z{number}]}}" for number in range(150)]))
    assert (len(caught.value.facts["problems"]), caught.value.facts["problems_total"]) == (100, 150)


def test_what_is_wrong_in_the_same_way_in_many_places_is_one_problem() -> None:
    few, many = ("{run: x, ned: []}",) * 5, ("{run: x, ned: []}",) * 120
    assert [problem["line"] for problem in problems(sheets(*few))] == [3, 4, 5, 6, 7]
    problem = only(sheets(*many))
    assert problem["message"] == "unknown key; did you mean needs? (in 120 places, lines 3, 4, 5, 6, 7, …)"
    assert (problem["line"], problem["field"]) == (3, "sheets[0].ned")


def test_what_is_allowed_is_listed_once_for_each_kind_of_place() -> None:
    found = problems(sheets("{run: x, colour: 1, size: 2}", "{run: x, retry: {times: 1}}", "{run: x, colour: 1}"))
    assert [bool(problem["allowed"]) for problem in found] == [True, False, True, False]


def test_a_missing_prompt_file_is_a_problem_of_its_line(tmp_path: Path) -> None:
    problem = only(sheets("{prompt_file: no.md, instrument: claude-code}"), cwd=tmp_path)
    assert problem["message"].startswith(f"{tmp_path}/no.md cannot be opened")
    assert (problem["line"], problem["column"], problem["field"]) == (3, 17, "sheets[0].prompt_file")


def test_an_empty_prompt_file_is_a_problem_of_its_line(tmp_path: Path) -> None:
    (tmp_path / "ask.md").touch()
    problem = only(sheets("{prompt_file: ask.md, instrument: claude-code}"), cwd=tmp_path)
    assert (problem["field"], problem["message"]) == ("sheets[0].prompt_file", "is empty")


def test_a_wrong_template_in_a_file_names_the_file_and_its_line(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text("one\n{{ two }}\n")
    problem = only(sheets("{prompt_file: p.md, instrument: claude-code}"), cwd=tmp_path)
    assert problem["message"].startswith("p.md, line 2: template: 'two' is undefined")
    assert (problem["line"], problem["column"]) == (3, 17)


def test_a_command_that_its_fields_make_too_long_is_refused() -> None:
    text = (
        sheets('{run: x, validate: [{command_succeeds: "echo {big}{big}"}]}') + f"variables: {{big: {'x' * 70_000}}}\n"
    )
    assert only(text)["message"] == "has 140005 bytes once it is filled in, more than the limit of 131000"
