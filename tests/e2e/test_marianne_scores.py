"""Numbered scores with what the Marianne conductor documents for their templates, on a real conductor."""

import json
import os
from pathlib import Path
from textwrap import dedent, indent

import pytest

from tests.support import stand_ins as says
from tests.support.jobs import sheets_of, submit, until
from tests.support.podium_home import Conductor
from tests.support.stand_ins import StandIns


@pytest.fixture
def conductor(shared_conductor: Conductor) -> Conductor:
    """Every test here looks only at its own jobs."""
    return shared_conductor


def numbered(workspace: Path, template: str, rest: str = "", *, sheet: str, variables: str = "{}") -> str:
    """Return a score for cli whose sheets run `template`."""
    return (
        f"name: demo\ninstrument: cli\nworkspace: {workspace}\npause_between_sheets_seconds: 0\nsheet: {sheet}\n"
        f"prompt:\n  variables: {variables}\n  template: |\n{indent(dedent(template), '    ')}\n{dedent(rest)}\n"
    )


def run(conductor: Conductor, score: str) -> str:
    """Run a score to its good end, and return the job's id."""
    job_id = submit(conductor, score)
    view = until(conductor, job_id, "completed", "failed")
    assert view["status"] == "completed", view["reason"]
    return job_id


def test_the_voices_of_a_stage_know_how_many_they_are(conductor: Conductor, tmp_path: Path) -> None:
    template = "echo {{ voice }} of {{ voice_count }} on {{ instrument_name }} > {{ voice }}"
    run(conductor, numbered(tmp_path, template, sheet="{size: 1, total_items: 1, fan_out: {1: 2}}"))
    assert [(tmp_path / name).read_text() for name in "12"] == ["1 of 2 on cli\n", "2 of 2 on cli\n"]


@pytest.mark.parametrize("topics", ['{1: "north", 2: "south"}', '{"1": "north", "2": "south"}'])
def test_a_variable_with_numbers_as_keys_is_looked_up_by_instance(
    conductor: Conductor, tmp_path: Path, topics: str
) -> None:
    template = "echo {{ topics[instance] }} > {{ instance }}"
    sheet = "{size: 1, total_items: 1, fan_out: {1: 2}}"
    run(conductor, numbered(tmp_path, template, sheet=sheet, variables=f"{{topics: {topics}}}"))
    assert [(tmp_path / name).read_text() for name in "12"] == ["north\n", "south\n"]


def test_a_skipped_sheet_is_told_to_those_that_look_back(conductor: Conductor, tmp_path: Path) -> None:
    template = """
        echo out-{{ sheet_num }}
        cat > seen-{{ sheet_num }} <<'X'
        {% for num, text in previous_outputs.items() %}{{ num }}={{ text }};{% endfor %}
        skipped {{ skipped_upstream | join(",") }} of {{ previous_outputs | length }}
        X
    """
    sheet = '{size: 1, total_items: 4, skip_when_command: {2: {command: "test -d {workspace}", description: there}}}'
    rest = "cross_sheet: {auto_capture_stdout: true, lookback_sheets: 2}"
    job_id = run(conductor, numbered(tmp_path, template, rest, sheet=sheet))
    assert sheets_of(conductor, job_id)["2"]["status"] == "skipped"
    assert (tmp_path / "seen-1").read_text() == "\nskipped  of 0\n"
    assert not (tmp_path / "seen-2").exists()
    assert (tmp_path / "seen-3").read_text() == "1=out-1;2=[SKIPPED];\nskipped 2 of 2\n"
    assert (tmp_path / "seen-4").read_text() == "2=[SKIPPED];3=out-3;\nskipped 2 of 2\n"


def test_looking_back_no_number_of_sheets_means_all(conductor: Conductor, tmp_path: Path) -> None:
    rest = "cross_sheet: {auto_capture_stdout: true, lookback_sheets: 0}"
    template = "echo {{ previous_outputs.values() | join('+') }} > {{ sheet_num }}; echo {{ sheet_num }}"
    run(conductor, numbered(tmp_path, template, rest, sheet="{size: 1, total_items: 6}"))
    assert (tmp_path / "6").read_text() == "1+2+3+4+5\n"


def test_files_of_earlier_sheets_are_read_when_a_sheet_starts(conductor: Conductor, tmp_path: Path) -> None:
    template = """
        mkdir -p parts
        echo "text of {{ sheet_num }}, and more" > sheet-{{ sheet_num }}.md
        echo part > parts/{{ sheet_num }}.txt
        cat > seen-{{ sheet_num }} <<'X'
        {% for path, text in previous_files.items() %}{{ path | replace(workspace, "W") }}={{ text | trim }};{% endfor %}
        X
    """
    rest = """
        cross_sheet:
          max_output_chars: 9
          capture_files:
            - "{{ workspace }}/sheet-{{ sheet_num - 1 }}.md"
            - "**/*.txt"
    """
    (tmp_path / "held").mkdir()
    os.mkfifo(tmp_path / "held" / "pipe.txt")
    (tmp_path / "held" / "endless.txt").symlink_to("/dev/zero")
    run(conductor, numbered(tmp_path, template, rest, sheet="{size: 1, total_items: 3}"))
    assert (tmp_path / "seen-1").read_text() == "\n"
    assert (tmp_path / "seen-2").read_text() == "W/sheet-1.md=text of 1;W/parts/1.txt=part;\n"
    assert (tmp_path / "seen-3").read_text() == "W/sheet-2.md=text of 2;W/parts/1.txt=part;W/parts/2.txt=part;\n"


def test_a_file_that_a_template_asks_for_and_is_not_there_fails_the_sheet_by_its_name(
    conductor: Conductor, tmp_path: Path
) -> None:
    rest = "cross_sheet: {capture_files: ['*.md']}\nretry: {max_retries: 0}"
    template = "echo '{{ previous_files[workspace ~ \"/plan.md\"] }}' > out"
    score = numbered(tmp_path, template, rest, sheet="{size: 1, total_items: 1}")
    (tmp_path / "other.md").touch()
    job_id = submit(conductor, score)
    assert until(conductor, job_id, "completed", "failed")["status"] == "failed"
    assert f"has no attribute '{tmp_path}/plan.md'" in sheets_of(conductor, job_id)["1"]["reason"]
    (tmp_path / "plan.md").write_text("the plan")
    run(conductor, score)
    assert (tmp_path / "out").read_text() == "the plan\n"


def test_variables_are_filled_into_what_validations_and_skip_commands_say(conductor: Conductor, tmp_path: Path) -> None:
    template = "mkdir -p sub; echo {{ suffix }} > f-{{ suffix }}-{{ sheet_num }}; touch sub/{{ instance }}"
    rest = """
        validations:
          - {type: file_exists, path: "{workspace}/f-{suffix}-{sheet_num}"}
          - {type: command_succeeds, command: "test -e {instance} && grep -q {suffix} ../f-{suffix}-{sheet_num}",
             working_directory: "{workspace}/{folder}"}
          - {type: command_succeeds, command: "test -d {{ workspace }} && test {{suffix}} = abc"}
    """
    sheet = '{size: 1, total_items: 2, skip_when_command: {2: {command: "test -e {workspace}/f-{suffix}-1"}}}'
    score = numbered(tmp_path, template, rest, sheet=sheet, variables="{suffix: abc, folder: sub}")
    sheets = sheets_of(conductor, run(conductor, score))
    assert [sheets[num]["status"] for num in "12"] == ["completed", "skipped"]


def test_a_condition_asks_whether_the_validations_of_a_sheet_passed(conductor: Conductor, tmp_path: Path) -> None:
    sheet = """{size: 1, total_items: 3, skip_when: {
        2: "sheets.get(1) and sheets[1].validation_passed", 3: "sheets[2].status != 'skipped'"}}"""
    sheets = sheets_of(conductor, run(conductor, numbered(tmp_path, "true", sheet=sheet)))
    assert [sheets[num]["status"] for num in "123"] == ["completed", "skipped", "completed"]


def test_a_prompt_knows_the_instrument_that_plays_it_in_place_of_another(conductor: Conductor, tmp_path: Path) -> None:
    agents = StandIns(tmp_path / "agents")
    agents.install("claude", {"stdout": says.OVERLOADED, "exit": 1})
    agents.install("gemini")
    sheet = {"prompt": "on {{ instrument_name }}", "instrument": "claude-code", "instrument_fallbacks": ["gemini-cli"]}
    score = {"name": "demo", "workspace": str(tmp_path), "env": agents.environment, "sheets": [sheet]}
    run(conductor, json.dumps(score))
    assert [agents.calls(tool)[0]["prompt"] for tool in ("claude", "gemini")] == ["on claude-code", "on gemini-cli"]


def test_commands_work_in_a_workspace_with_spaces_with_or_without_quotes_around_its_name(
    conductor: Conductor, tmp_path: Path
) -> None:
    (tmp_path / "my own").mkdir()
    rest = """
        validations:
          - {type: command_succeeds, command: 'test -f {workspace}/1 && test "$(cat {workspace}/1)" = x'}
          - {type: command_succeeds, command: 'test -f "{workspace}/1"', working_directory: "{workspace}"}
    """
    sheet = "{size: 1, total_items: 2, skip_when_command: {2: {command: 'test -f {workspace}/1'}}}"
    job_id = run(conductor, numbered(tmp_path / "my own", "printf x > 1", rest, sheet=sheet))
    assert sheets_of(conductor, job_id)["2"]["status"] == "skipped"
