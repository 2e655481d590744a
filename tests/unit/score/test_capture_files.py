"""`cross_sheet.capture_files` when a score is checked: no file is there yet."""

import json

from podium.score.model.plan import CrossSheet
from tests.unit.score.helpers import compiled, numbered, only, sheets

REST = "cross_sheet: {capture_files: ['{{ workspace }}/*.md', 'out/sheet-{{ sheet_num - 1 }}.md']}"
NO_FILE_IS_READ = "Line 5: no template asks for previous_files, so no file is read for it."


def test_the_patterns_are_part_of_the_plan() -> None:
    patterns = ("{{ workspace }}/*.md", "out/sheet-{{ sheet_num - 1 }}.md")
    plan = compiled(numbered(REST, template="{{ previous_files }}"))
    assert (plan.cross_sheet, plan.warnings) == (CrossSheet(capture_files=patterns), ())


def test_a_template_may_go_through_the_files_and_ask_for_one_by_its_path() -> None:
    template = (
        "{% for path, text in previous_files.items() %}{{ path }}{{ text[:5] }}{% endfor %}"
        "{{ previous_files['a.md'][:3] }}{{ previous_files[workspace ~ '/b'].split('x')[0] }}{{ previous_files.get('c')[:1] }}"
    )
    for score in (
        numbered(REST, template=template.replace("'", '"')),
        f"{REST}\n" + sheets(json.dumps({"run": template})),
    ):
        assert compiled(score).warnings == ()


def test_without_patterns_a_file_that_is_asked_for_is_refused() -> None:
    problem = only(numbered("cross_sheet: {}", template='{{ previous_files["a.md"] }}'))
    assert "has no attribute 'a.md'" in problem["message"]


def test_a_pattern_that_cannot_be_rendered_is_refused_at_its_place() -> None:
    rest = "cross_sheet:\n  capture_files:\n    - '*.md'\n    - '{{ nobody }}/*.md'"
    problem = only(numbered(rest, template="{{ previous_files }}"))
    assert (problem["line"], problem["field"]) == (8, "cross_sheet.capture_files[1]")
    assert "'nobody' is undefined" in problem["message"]


def test_patterns_that_no_template_asks_for_are_noted() -> None:
    assert compiled(numbered(REST)).warnings == (NO_FILE_IS_READ,)
