import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path, PosixPath
from typing import Any

import anyio
import pytest

from podium.conductor.attempts.validations import ValidationContext, validate
from podium.conductor.processes.reaper import Reaper
from podium.conductor.processes.run import Runner
from podium.conductor.reading.reader import Reader
from podium.contract.models import ValidationView
from podium.score.model.plan import Validation
from tests.support.engines import open_keepers

pytestmark = pytest.mark.anyio


def context(workspace: Path, **changes: Any) -> ValidationContext:
    fields: dict[str, Any] = {
        "workspace": workspace,
        "attempt_started": time.time(),
        "env": {},
        "key": f"test-{uuid.uuid4().hex}",  # a second run of these tests beside this one must not end our processes
        "expand": lambda text: text.replace("{workspace}", str(workspace)),
        "expand_command": lambda text: text.replace("{workspace}", str(workspace)),
        "runner": None,  # only a command needs one
        "reader": None,  # only a pattern needs one
    }
    return ValidationContext(**{**fields, **changes})


async def one(workspace: Path, rule: Mapping[str, Any], **changes: Any) -> ValidationView:
    (view,) = await validate([Validation(**rule)], context(workspace, **changes))
    return view


async def limited(
    check: Callable[[float], Awaitable[ValidationView]], is_begun: Callable[[ValidationView], object], *limits: float
) -> tuple[float, ValidationView]:
    """Return the first time limit that is enough for a check to begin, on a machine as busy as this one, and its view."""
    for seconds in limits:
        view = await check(seconds)
        if is_begun(view):
            break
    return seconds, view


class LatePath(PosixPath):
    """A path whose file comes into being right after somebody has looked for it in vain."""

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        try:
            return super().stat(follow_symlinks=follow_symlinks)
        except FileNotFoundError:
            self.touch()
            raise


class TestFileExists:
    async def test_a_file_and_a_folder_exist(self, tmp_path: Path) -> None:
        (tmp_path / "out.txt").write_text("12345")
        view = await one(tmp_path, {"type": "file_exists", "path": "out.txt", "description": "the output"})
        assert (view.passed, view.expected, view.found) == (True, "out.txt exists", "a file of 5 bytes")
        assert view.description == "the output"
        assert (await one(tmp_path, {"type": "file_exists", "path": "."})).found == "a folder"

    async def test_a_missing_file_says_so(self, tmp_path: Path) -> None:
        view = await one(tmp_path, {"type": "file_exists", "path": "sub/out.txt"})
        assert (view.passed, view.found) == (False, "no such file")

    async def test_a_link_to_nothing_does_not_exist(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to("nowhere")
        assert not (await one(tmp_path, {"type": "file_exists", "path": "link"})).passed

    async def test_fields_and_absolute_paths_are_taken(self, tmp_path: Path) -> None:
        (tmp_path / "out.txt").touch()
        rule = {"type": "file_exists", "path": "{workspace}/out.txt"}
        view = await one(tmp_path, rule)
        assert (view.passed, view.expected) == (True, "out.txt exists")

    @pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "out.txt/below"])
    async def test_a_path_that_cannot_be_has_failed_and_nothing_is_raised(self, tmp_path: Path, path: str) -> None:
        (tmp_path / "out.txt").touch()
        view = await one(tmp_path, {"type": "file_exists", "path": path})
        assert not view.passed
        assert view.found
        assert view.expected.isprintable()

    async def test_a_file_that_comes_after_the_first_look_is_seen_by_a_retry(self, tmp_path: Path) -> None:
        rule = {"type": "file_exists", "path": "late", "retry_delay_ms": 1}
        assert not (await one(LatePath(tmp_path), rule)).passed
        (tmp_path / "late").unlink()
        assert (await one(LatePath(tmp_path), {**rule, "retry_count": 1})).passed

    async def test_retries_end_with_the_time_limit_and_the_last_finding(self, tmp_path: Path) -> None:
        rule = {"type": "file_exists", "path": "x", "retry_count": 10, "retry_delay_ms": 60_000}
        with anyio.fail_after(40):
            _, view = await limited(
                lambda seconds: one(tmp_path, {**rule, "timeout_seconds": seconds}),
                lambda view: not view.found.startswith("no result"),
                0.1, 1, 20,
            )  # fmt: skip
        assert (view.passed, view.found) == (False, "no such file")


class TestFileModified:
    async def test_a_file_written_at_once_after_the_start_counts_as_modified(self, tmp_path: Path) -> None:
        for number in range(50):  # the kernel stamps with its last tick, which is before time.time()
            started = time.time()
            (tmp_path / f"out{number}").touch()
            view = await one(tmp_path, {"type": "file_modified", "path": f"out{number}"}, attempt_started=started)
            assert view.passed, view.found

    async def test_an_older_file_says_how_much_older(self, tmp_path: Path) -> None:
        started = time.time()
        path = tmp_path / "out"
        path.touch()
        os.utime(path, (started - 90.25, started - 90.25))
        view = await one(tmp_path, {"type": "file_modified", "path": "out"}, attempt_started=started)
        assert not view.passed
        assert view.found.endswith("90.2 s before the attempt began")
        assert view.expected.startswith("out was modified at or after 20")

    async def test_a_stamp_without_a_fraction_is_compared_by_the_second(self, tmp_path: Path) -> None:
        path = tmp_path / "out"
        path.touch()
        os.utime(path, (1_000_000, 1_000_000))
        rule = {"type": "file_modified", "path": "out"}
        assert (await one(tmp_path, rule, attempt_started=1_000_000.9)).passed
        assert not (await one(tmp_path, rule, attempt_started=1_000_001.1)).passed

    async def test_a_missing_file_says_so(self, tmp_path: Path) -> None:
        assert (await one(tmp_path, {"type": "file_modified", "path": "out"})).found == "no such file"


class TestContentContains:
    async def test_text_that_is_there_is_found_with_its_line(self, tmp_path: Path) -> None:
        (tmp_path / "r.md").write_text("# Title\n\n## Summary\n")
        rule = {"type": "content_contains", "path": "r.md", "pattern": "## Summary"}
        view = await one(tmp_path, rule)
        assert (view.passed, view.found) == (True, "found on line 3")
        assert view.expected == "r.md contains '## Summary'"

    async def test_what_is_there_instead_is_shown_in_one_bounded_line(self, tmp_path: Path) -> None:
        (tmp_path / "r.md").write_bytes(b"one\ntwo\x1b[31m\xff" + b"x" * 5000)
        view = await one(tmp_path, {"type": "content_contains", "path": "r.md", "pattern": "absent"})
        assert view.found == "a file of 5013 bytes without it"
        assert view.output.startswith("'one\\ntwo\\x1b[31m�xxx")
        assert view.output.endswith("…")
        assert view.output.isprintable()
        assert len(view.output) < 300

    async def test_braces_of_a_pattern_are_not_fields(self, tmp_path: Path) -> None:
        (tmp_path / "r.md").write_text("{workspace}")
        assert (await one(tmp_path, {"type": "content_contains", "path": "r.md", "pattern": "{workspace}"})).passed

    async def test_text_across_two_pieces_of_a_large_file_is_found(self, tmp_path: Path) -> None:
        content = bytearray(b"x\n" * 1_500_000)
        content[1_048_570:1_048_582] = b"needle-there"
        (tmp_path / "big").write_bytes(content)
        view = await one(tmp_path, {"type": "content_contains", "path": "big", "pattern": "needle-there"})
        line = content.count(b"\n", 0, 1_048_570) + 1
        assert (view.passed, view.found) == (True, f"found on line {line}")

    @pytest.mark.parametrize("kind", ["fifo", "folder", "missing", "empty"])
    async def test_what_is_no_file_with_content_has_failed_at_once(self, tmp_path: Path, kind: str) -> None:
        path = tmp_path / "thing"
        {"fifo": os.mkfifo, "folder": Path.mkdir, "missing": str, "empty": Path.touch}[kind](path)  # type: ignore[operator]
        with anyio.fail_after(20):
            view = await one(tmp_path, {"type": "content_contains", "path": "thing", "pattern": "x"})
        found = {
            "fifo": "neither a file nor a folder",
            "folder": "a folder",
            "missing": "no such file",
            "empty": "an empty file",
        }
        assert (view.passed, view.found) == (False, found[kind])


class TestContentRegex:
    @pytest.fixture
    async def reader(self, nursed_reader: None) -> AsyncIterator[Reader]:
        async with Reaper() as reaper, Reader(reaper) as reader:
            yield reader

    async def test_a_match_is_shown_with_its_line(self, tmp_path: Path, reader: Reader) -> None:
        (tmp_path / "r").write_text("a\nran-7 ok\n")
        view = await one(tmp_path, {"type": "content_regex", "path": "r", "pattern": r"ran-\d+"}, reader=reader)
        assert (view.passed, view.found, view.output) == (True, "found on line 2", "'ran-7'")
        assert view.expected == r"r matches 'ran-\\d+'"

    async def test_a_pattern_that_never_ends_fails_within_its_time(self, tmp_path: Path, reader: Reader) -> None:
        (tmp_path / "r").write_text("x" * 5000)
        rule = {"type": "content_regex", "path": "r", "pattern": "(x+x+)+y", "timeout_seconds": 0.5}
        most = beats = 0

        async def beat() -> None:
            nonlocal beats
            while True:
                await anyio.sleep(0.01)
                beats += 1

        with anyio.fail_after(40):
            while most <= 3:  # the loop goes on meanwhile, if only the machine lets it
                async with anyio.create_task_group() as tasks:
                    beats = 0
                    tasks.start_soon(beat)
                    view = await one(tmp_path, rule, reader=reader)
                    tasks.cancel_scope.cancel()
                assert not view.passed
                assert "within 0.5 s" in view.found
                most = max(most, beats)

    async def test_a_pattern_that_does_not_compile_has_failed(self, tmp_path: Path, reader: Reader) -> None:
        (tmp_path / "r").write_text("x")
        view = await one(tmp_path, {"type": "content_regex", "path": "r", "pattern": "("}, reader=reader)
        assert "is not a valid regular expression" in view.found

    async def test_what_lies_beyond_the_searched_part_is_named(self, tmp_path: Path, reader: Reader) -> None:
        with (tmp_path / "big").open("wb") as output:
            output.write(b"head")
            output.truncate(16 * 1024 * 1024)
            output.seek(0, os.SEEK_END)
            output.write(b"END")
        view = await one(tmp_path, {"type": "content_regex", "path": "big", "pattern": "END"}, reader=reader)
        assert not view.passed
        assert "(the last 3 were not searched)" in view.found


class TestStages:
    async def test_a_failing_stage_stops_the_next_but_is_run_to_its_end(self, tmp_path: Path) -> None:
        (tmp_path / "there").touch()
        rules = [
            Validation(type="file_exists", path="later", stage=3),
            Validation(type="file_exists", path="absent", stage=1),
            Validation(type="file_exists", path="there", stage=1),
            Validation(type="file_exists", path="next", stage=2),
        ]
        views = await validate(rules, context(tmp_path))
        assert [(view.expected, view.passed) for view in views] == [("absent exists", False), ("there exists", True)]

    async def test_all_stages_are_run_when_all_pass_and_no_rule_is_no_failure(self, tmp_path: Path) -> None:
        rules = [Validation(type="file_exists", path=".", stage=stage) for stage in (2, 1)]
        assert [view.passed for view in await validate(rules, context(tmp_path))] == [True, True]
        assert await validate([], context(tmp_path)) == []


class TestCommandSucceeds:
    @pytest.fixture
    async def runner(self) -> Any:
        async with AsyncExitStack() as stack:
            yield Runner(await stack.enter_async_context(open_keepers()))

    async def check(self, runner: Runner, workspace: Path, command: str, **rule: Any) -> ValidationView:
        changes = {"runner": runner, "env": {"PATH": os.environ["PATH"], "COLOUR": "blue"}}
        with anyio.fail_after(30):
            return await one(workspace, {"type": "command_succeeds", "command": command, **rule}, **changes)

    async def test_exit_code_0_in_the_workspace_passes(self, runner: Runner, tmp_path: Path) -> None:
        (tmp_path / "out.txt").touch()
        view = await self.check(runner, tmp_path, "test -f out.txt && test -f {workspace}/out.txt")
        assert (view.passed, view.found) == (True, "exit code 0")

    async def test_another_exit_code_fails_with_the_last_line_of_the_output(
        self, runner: Runner, tmp_path: Path
    ) -> None:
        view = await self.check(runner, tmp_path, "echo one; echo 'last word' >&2; exit 3")
        assert (view.passed, view.found, view.output) == (False, "exit code 3", "'last word'")
        assert view.expected == """exit code 0 from "echo one; echo 'last word' >&2; exit 3\""""

    async def test_the_working_directory_is_under_the_workspace_and_the_environment_is_the_sheets(
        self, runner: Runner, tmp_path: Path
    ) -> None:
        (tmp_path / "sub").mkdir()
        command = '[ "$(basename "$PWD")" = sub ] && [ "$COLOUR" = blue ]'
        assert (await self.check(runner, tmp_path, command, working_directory="sub")).passed

    async def test_a_working_directory_that_is_missing_has_failed(self, runner: Runner, tmp_path: Path) -> None:
        view = await self.check(runner, tmp_path, "true", working_directory="absent")
        assert not view.passed

    async def test_a_command_over_its_time_is_ended(self, runner: Runner, tmp_path: Path) -> None:
        seconds, view = await limited(
            lambda seconds: self.check(runner, tmp_path, "echo going; sleep 600", timeout_seconds=seconds),
            lambda view: view.output,
            2, 20,
        )  # fmt: skip
        assert (view.passed, view.output) == (False, "'going'")
        assert view.found == f"cannot be judged: still running after {seconds} s, so it was stopped"

    @pytest.mark.parametrize(
        ("command", "why"),
        [
            ("no-such-command", "exit code 127: a command was not found"),
            ("/etc/passwd", "exit code 126: it could not be run"),
            ("bash -c 'kill -SEGV $$'; exit $?", "exit code 139: a command was ended by signal 11"),
        ],
    )
    async def test_a_command_without_an_answer_says_so(
        self, runner: Runner, tmp_path: Path, command: str, why: str
    ) -> None:
        view = await self.check(runner, tmp_path, command)
        assert not view.passed
        assert view.found.startswith(f"cannot be judged: {why}")

    async def test_a_command_ended_by_a_signal_names_it(self, runner: Runner, tmp_path: Path) -> None:
        assert (await self.check(runner, tmp_path, "kill -KILL $$")).found == "cannot be judged: ended by signal 9"
