"""Listings of trees of any size and any names: each file comes once, and its path opens it."""

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.client.files import listing
from podium.client.files.artifacts import read_artifact
from podium.client.files.cursor import ListCursor
from podium.client.files.listing import list_artifacts
from podium.client.files.names import path_of, shown_path
from podium.contract.models import ArtifactPage
from podium.errors import InvalidArguments, PathNotAllowed
from podium.mcp.calls.results import safe

ODD = [
    b"zero\xe2\x80\x8bwidth", b"\xe2\x80\x8b", b"new\nline", b"car\rriage", b"\xff\xfe", b"half\xc3", b" blank", b"blank ", b"  ",
    b"..\xe2\x80\x8b", b"...", b"\xe2\x80\xae.txt", b"\x1b[31m", b"tab\t", b"a\\b", b"a\\x41", b"\\x5cx41", b"\\", b"%41", b"-rf",
    b"\xed\xa0\x80", "e\u0301".encode(), "\u00e9".encode(), "\u3164".encode(), "\u2800".encode(), "\xa0".encode(), b"[value of X]",
    "größe".encode(), "日本".encode(), b'"quoted"', b"{a}", b"x" * 255,
]  # fmt: skip
NAMES = st.binary(min_size=1, max_size=12).filter(lambda name: not {0, 47} & set(name) and name not in {b".", b".."})


def pages(workspace: Path, limit: int, path: str = "") -> Iterator[ArtifactPage]:
    cursor = ""
    while True:
        page = list_artifacts(str(workspace), path=path, limit=limit, cursor=cursor)
        yield page
        cursor = safe(page.next_cursor)
        if not cursor:
            return


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_every_name_is_listed_once_and_its_path_opens_the_file(tmp_path: Path, limit: int) -> None:
    for name in ODD:
        (folder := Path(os.fsdecode(os.fsencode(tmp_path) + b"/in " + name[:200]))).mkdir()
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(name)
    found = [entry for page in pages(tmp_path, limit) for entry in page.entries]
    assert len(found) == 2 * len(ODD)
    contents = []
    for entry in found:
        assert safe(entry.path) == entry.path == entry.path.strip()
        if entry.type == "file":
            read = read_artifact(str(tmp_path), path=entry.path, offset=0, max_bytes=1000)
            assert read.path == entry.path
            contents.append(read.size_bytes)
        else:
            below = [each.path for page in pages(tmp_path, 1, entry.path) for each in page.entries]
            assert len(below) == 1
            assert below[0].startswith(f"{entry.path}/")
    assert sorted(contents) == sorted(map(len, ODD))


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_a_path_is_read_back_as_what_it_was(names: list[bytes]) -> None:
    path = b"/".join(names)
    shown = shown_path(path)
    assert os.fsencode(path_of(shown)) == path
    assert safe(shown) == shown == shown.strip() == unicodedata.normalize("NFC", shown)


@pytest.mark.parametrize("path", ["a.txt", "größe/日本.md", "with blank/50%.csv", "a\\b", "C:\\dir", "-x", "…"])
def test_a_plain_path_stays_as_it_is(path: str) -> None:
    assert shown_path(path.encode()) == path


@pytest.mark.parametrize("path", [r"\x2e\x2e/secret", r"\x2fetc/passwd", r"a\x00b", r"\x2e\x2e\x2fup"])
def test_an_escape_leads_no_further_than_the_letter_that_it_stands_for(tmp_path: Path, path: str) -> None:
    with pytest.raises(PathNotAllowed):
        read_artifact(str(tmp_path), path=path, offset=0, max_bytes=10)


def test_of_a_large_tree_the_total_is_said_to_be_at_least_what_was_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_COUNTED", 20)
    for number in range(50):
        (tmp_path / f"{number:02}").touch()
    seen = list(pages(tmp_path, 10))
    assert [(page.total, page.total_at_least) for page in seen] == [(30, True)] * 2 + [
        (31, True),
        (41, True),
        (50, False),
    ]
    assert [entry.path for page in seen for entry in page.entries] == [f"{number:02}" for number in range(50)]


def test_a_page_looks_at_no_file_before_its_cursor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in "abc":
        (tmp_path / folder).mkdir()
        for number in range(100):
            (tmp_path / folder / f"{number:02}").touch()
    after = ListCursor((b"c", b"97"), 0, 303).encode()
    looked: list[object] = []
    real = os.stat

    def look(name: bytes, *, dir_fd: int, follow_symlinks: bool) -> os.stat_result:
        looked.append(name)
        return real(name, dir_fd=dir_fd, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(os, "stat", look)
    page = list_artifacts(str(tmp_path), path="", limit=10, cursor=after)
    monkeypatch.undo()
    assert [entry.path for entry in page.entries] == ["c/98", "c/99"]
    assert looked == [b"98", b"99"]


def test_files_that_come_and_go_between_pages_repeat_and_lose_no_other(tmp_path: Path) -> None:
    for number in range(0, 40, 2):
        (tmp_path / f"{number:02}").touch()
    found: list[str] = []
    for turn, page in enumerate(pages(tmp_path, 3)):
        found += [entry.path for entry in page.entries]
        (tmp_path / f"{turn:02}").unlink(missing_ok=True)
        (tmp_path / f"{2 * turn + 1:02}").touch()
    assert len(found) == len(set(found))
    assert set(found) >= {f"{number:02}" for number in range(16, 40, 2)}


def test_a_folder_that_became_a_file_between_pages_is_passed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1").touch()
    (tmp_path / "b").touch()
    cursor = ListCursor((b"a", b"0"), 1, 3).encode()
    (tmp_path / "a" / "1").unlink()
    (tmp_path / "a").rmdir()
    (tmp_path / "a").touch()
    page = list_artifacts(str(tmp_path), path="", limit=5, cursor=cursor)
    assert [entry.path for entry in page.entries] == ["b"]


@pytest.mark.parametrize("cursor", ["x", "a/b", "ü", "e", ListCursor((b"a",)).encode()[:-4], "[value of TOKEN]"])
def test_what_is_no_cursor_is_refused(tmp_path: Path, cursor: str) -> None:
    with pytest.raises(InvalidArguments):
        list_artifacts(str(tmp_path), path="", limit=5, cursor=cursor)


def test_a_cursor_of_another_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(InvalidArguments, match="another path"):
        list_artifacts(str(tmp_path), path="a", limit=5, cursor=ListCursor((b"b", b"c")).encode())
