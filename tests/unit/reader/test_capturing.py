"""Files that a template sees as `previous_files`, in real folders."""

import os
from pathlib import Path

import pytest

from podium.errors import ScoreInvalid
from podium.reader import capturing
from podium.reader.capturing import previous_files
from podium.reader.requests import Render


def captured(
    workspace: Path, *patterns: str, chars: int = 100, template: str = "{{ previous_files }}"
) -> dict[str, str]:
    """Return what the patterns find, with paths relative to the workspace where they are below it."""
    variables = {"workspace": str(workspace), "sheet_num": 3}
    request = Render(label="3", variables=variables, previous={}, files=patterns, chars_of_file=chars)
    found = previous_files(template, variables, request)["previous_files"]
    return {path.removeprefix(f"{workspace}/"): text for path, text in found.items()}


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"<{name}>")


def test_files_come_in_the_order_of_the_patterns_and_of_their_paths(tmp_path: Path) -> None:
    fill(tmp_path, "b.md", "a.md", "c.txt", "sub/d.md", "out/sheet-2.md", "out/sheet-1.md")
    found = captured(tmp_path, "out/sheet-{{ sheet_num - 1 }}.md", "{{ workspace }}/*.md", "*.md", " ", "none.md")
    assert found == {"out/sheet-2.md": "<out/sheet-2.md>", "a.md": "<a.md>", "b.md": "<b.md>"}
    assert list(found) == ["out/sheet-2.md", "a.md", "b.md"]


def test_keys_are_whole_paths(tmp_path: Path) -> None:
    fill(tmp_path, "a.md")
    variables = {"workspace": str(tmp_path)}
    request = Render(label="3", variables=variables, previous={}, files=("a.md",), chars_of_file=9)
    assert previous_files("{{ previous_files }}", variables, request) == {
        "previous_files": {f"{tmp_path}/a.md": "<a.md>"}
    }


def test_nothing_is_looked_for_if_the_template_does_not_ask(tmp_path: Path) -> None:
    request = Render(label="3", variables={}, previous={}, files=("{{ broken",), chars_of_file=9)
    assert previous_files("{{ previous_outputs }}", {"workspace": str(tmp_path)}, request) == {}


def test_a_file_is_kept_from_its_beginning_in_characters_and_whatever_bytes_it_has(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("äöüß" * 10)
    (tmp_path / "b").write_bytes(b"x\xff\xfey")
    assert captured(tmp_path, "*", chars=5) == {"a": "äöüßä", "b": "x��y"}


def test_two_stars_go_through_folders_of_any_depth_but_not_through_links_or_hidden_ones(tmp_path: Path) -> None:
    fill(tmp_path, "a.md", "x/b.md", "x/y/c.md", ".git/d.md", "x/.e.md")
    (tmp_path / "x" / "loop").symlink_to(tmp_path)
    assert list(captured(tmp_path, "**/*.md")) == ["a.md", "x/b.md", "x/y/c.md"]
    assert list(captured(tmp_path, "x/**")) == ["x/b.md", "x/y/c.md"]
    assert list(captured(tmp_path, "**/**/y/*.md", ".git/*", "x/.*.md")) == ["x/y/c.md", ".git/d.md", "x/.e.md"]


def test_a_link_leads_nowhere_outside_the_workspace_unless_the_pattern_does(tmp_path: Path) -> None:
    inside, outside = tmp_path / "w", tmp_path / "o"
    fill(inside, "real.md")
    fill(outside, "secret.md")
    (inside / "in.md").symlink_to("real.md")
    (inside / "out.md").symlink_to(outside / "secret.md")
    (inside / "folder").symlink_to(outside)
    assert list(captured(inside, "*.md", "folder/*.md", "folder/secret.md")) == ["in.md", "real.md"]
    assert captured(inside, str(outside / "*.md")) == {f"{outside}/secret.md": "<secret.md>"}
    assert captured(inside, "../o/*.md") == {"../o/secret.md": "<secret.md>"}


def test_a_workspace_that_is_a_link_is_one(tmp_path: Path) -> None:
    fill(tmp_path / "real", "a.md")
    (tmp_path / "w").symlink_to(tmp_path / "real")
    assert captured(tmp_path / "w", "*.md") == {"a.md": "<a.md>"}


def test_the_letters_of_the_workspace_are_no_pattern(tmp_path: Path) -> None:
    fill(tmp_path / "w[1]*", "a.md")
    fill(tmp_path / "w1x", "b.md")
    assert captured(tmp_path / "w[1]*", "{{ workspace }}/*.md") == {"a.md": "<a.md>"}


def test_pipes_sockets_folders_and_what_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "gone.md").symlink_to("nowhere")
    (tmp_path / "self.md").symlink_to("self.md")
    (tmp_path / "device.md").symlink_to("/dev/zero")
    fill(tmp_path, "a.md")
    assert captured(tmp_path, "*.md", "/dev/zero", "x" * 5000, "a.md/b", "\udcff/*", "a\0b") == {"a.md": "<a.md>"}


def test_a_workspace_that_is_not_there_yet_has_no_files(tmp_path: Path) -> None:
    assert captured(tmp_path / "none", "*", "**/*") == {}


def test_a_name_that_is_no_utf8_is_shown_as_far_as_it_can_be(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.md")).write_text("x")
    assert captured(tmp_path, "*.md") == {"a�.md": "x"}


@pytest.mark.parametrize(
    ("limit", "most", "pattern", "why"),
    [
        ("MAX_FILES", 5, "*.md", "capture_files of sheet 3: more than 5 files match"),
        ("MAX_ENTRIES", 5, "**/*.txt", "look at more than 5 files"),
        ("MAX_DEPTH", 2, "**/*.md", "nested deeper than 2 levels"),
    ],
)
def test_what_has_no_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: int, pattern: str, why: str
) -> None:
    fill(tmp_path, *(f"{num}.md" for num in range(6)), "a/b/c/d.md")
    captured(tmp_path, pattern)
    monkeypatch.setattr(capturing, limit, most)
    with pytest.raises(ScoreInvalid, match=why):
        captured(tmp_path, pattern)


def test_the_files_share_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "aaaa", "bbbb")
    monkeypatch.setattr(capturing, "MOST_OUTPUT_CHARS", 8)
    assert captured(tmp_path, "*") == {"aaaa": "<aaa", "bbbb": "<bbb"}


def test_a_pattern_that_cannot_be_rendered_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScoreInvalid, match="'nobody' is undefined"):
        captured(tmp_path, "{{ nobody }}")
