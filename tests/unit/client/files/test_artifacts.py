"""Files of a workspace: what is listed, what is read, and that nothing outside can be reached."""

import os
import threading
from pathlib import Path

import pytest

from podium.client.files.artifacts import read_artifact
from podium.client.files.listing import MOST_LEVELS, list_artifacts
from podium.errors import ArtifactNotFound, PathNotAllowed, PodiumError
from tests.support.podium_home import until


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
def workspace(tmp_path: Path, outside: Path) -> Path:
    folder = tmp_path / "ws"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "b.txt").write_text("bee")
    (folder / "sub" / "a.md").write_text("# A")
    (folder / "sub" / "deep" / "z.txt").write_text("zed")
    (folder / "sub.txt").write_text("beside")
    return folder


def paths(workspace: Path, path: str = "", limit: int = 100, cursor: str = "") -> list[str]:
    page = list_artifacts(str(workspace), path=path, limit=limit, cursor=cursor)
    return [entry.path for entry in page.entries]


def read(workspace: Path, path: str, offset: int = 0, max_bytes: int = 1000) -> str:
    return read_artifact(str(workspace), path=path, offset=offset, max_bytes=max_bytes).text


ALL = ["b.txt", "sub", "sub/a.md", "sub/deep", "sub/deep/z.txt", "sub.txt"]


def test_a_listing_has_every_level_in_the_order_of_the_paths(workspace: Path) -> None:
    page = list_artifacts(str(workspace), path="", limit=100, cursor="")
    assert [entry.path for entry in page.entries] == ALL
    assert [entry.type for entry in page.entries[:3]] == ["file", "directory", "file"]
    assert (page.entries[0].size_bytes, page.total, page.next_cursor) == (3, 6, "")
    assert page.entries[0].modified_at.endswith("Z")


def test_a_folder_is_listed_with_paths_from_the_workspace(workspace: Path) -> None:
    assert paths(workspace, "sub") == ["sub/a.md", "sub/deep", "sub/deep/z.txt"]
    assert paths(workspace, "./sub//deep/") == ["sub/deep/z.txt"]


def test_a_file_is_its_own_listing(workspace: Path) -> None:
    assert paths(workspace, "b.txt") == ["b.txt"]


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_pages_join_to_the_whole(workspace: Path, limit: int) -> None:
    found, cursor = list[str](), ""
    while True:
        page = list_artifacts(str(workspace), path="", limit=limit, cursor=cursor)
        found += [entry.path for entry in page.entries]
        if not (cursor := page.next_cursor):
            break
    assert found == ALL


def test_a_page_goes_on_though_the_entry_of_its_cursor_is_gone(workspace: Path) -> None:
    page = list_artifacts(str(workspace), path="", limit=3, cursor="")
    cursor = page.next_cursor
    (workspace / page.entries[-1].path).unlink()
    assert paths(workspace, cursor=cursor) == ["sub/deep", "sub/deep/z.txt", "sub.txt"]


def test_links_are_listed_and_not_followed(workspace: Path, outside: Path) -> None:
    (workspace / "out").symlink_to(outside)
    (workspace / "self").symlink_to(workspace)
    page = list_artifacts(str(workspace), path="", limit=100, cursor="")
    assert {entry.path for entry in page.entries if entry.type == "symlink"} == {"out", "self"}
    assert page.total == len(ALL) + 2


def test_a_name_that_is_no_utf8_can_be_shown(workspace: Path) -> None:
    (Path(os.fsdecode(os.fsencode(workspace) + b"/sub/deep/\xff.bin"))).write_bytes(b"")
    assert r"sub/deep/\xff.bin" in paths(workspace)


def test_levels_without_end_do_not_break_a_listing_which_says_where_it_goes_on(workspace: Path) -> None:
    fd = os.open(workspace, os.O_RDONLY)
    for _ in range(MOST_LEVELS + 50):
        os.mkdir("d", dir_fd=fd)
        deeper = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = deeper
    os.close(fd)
    first = list_artifacts(str(workspace), path="", limit=1000, cursor="")
    assert (len(first.entries), first.has_unopened) == (len(ALL) + MOST_LEVELS + 1, True)
    deepest = max((each.path for each in first.entries), key=len)
    rest = list_artifacts(str(workspace), path=deepest, limit=1000, cursor="")
    assert (len(rest.entries), rest.has_unopened) == (50 - 1, False)


@pytest.mark.parametrize("path", ["/etc/passwd", "../outside/secret.txt", "sub/../../outside", "..", "a\0b"])
def test_a_path_that_leaves_the_workspace_is_refused(workspace: Path, path: str) -> None:
    with pytest.raises(PathNotAllowed):
        read(workspace, path)
    with pytest.raises(PathNotAllowed):
        paths(workspace, path)


@pytest.mark.parametrize("target", ["../outside", "{outside}", "sub/../../outside", "sub/../.."])
def test_a_link_out_of_the_workspace_is_refused(workspace: Path, outside: Path, target: str) -> None:
    (workspace / "link").symlink_to(target.format(outside=outside))
    with pytest.raises(PathNotAllowed):
        read(workspace, "link/secret.txt")
    with pytest.raises(PathNotAllowed):
        paths(workspace, "link")


def test_a_link_to_a_file_outside_is_refused(workspace: Path, outside: Path) -> None:
    (workspace / "link").symlink_to(outside / "secret.txt")
    with pytest.raises(PathNotAllowed):
        read(workspace, "link")


def test_a_link_that_stays_inside_is_followed(workspace: Path) -> None:
    (workspace / "relative").symlink_to("sub/deep/../a.md")
    (workspace / "absolute").symlink_to(workspace / "sub")
    (workspace / "sub" / "up").symlink_to("../b.txt")
    assert read(workspace, "relative") == "# A"
    assert read(workspace, "absolute/a.md") == "# A"
    assert read(workspace, "absolute/up") == "bee"


def test_links_in_a_circle_are_no_file(workspace: Path) -> None:
    (workspace / "a").symlink_to("b")
    (workspace / "b").symlink_to("a")
    with pytest.raises(ArtifactNotFound):
        read(workspace, "a")


def test_a_workspace_that_is_itself_a_link_is_fine(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(workspace)
    assert read(tmp_path / "alias", "sub/a.md") == "# A"


def test_a_fifo_is_refused_without_blocking(workspace: Path) -> None:
    os.mkfifo(workspace / "pipe")
    with pytest.raises(PathNotAllowed):
        read(workspace, "pipe")
    assert "pipe" in paths(workspace)


def test_a_device_is_refused(workspace: Path) -> None:
    (workspace / "null").symlink_to("/dev/null")
    with pytest.raises(PathNotAllowed):
        read(workspace, "null")


def test_swapping_a_folder_for_a_link_never_lets_a_reader_out(workspace: Path, outside: Path) -> None:
    (outside / "a.md").write_text("secret")
    stop = threading.Event()

    def swap() -> None:
        (workspace / "link").symlink_to(outside)
        while not stop.is_set():
            (workspace / "sub").rename(workspace / "kept")
            (workspace / "link").rename(workspace / "sub")
            (workspace / "sub").rename(workspace / "link")
            (workspace / "kept").rename(workspace / "sub")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        found = {_outcome(workspace) for _ in range(3000)}
        until(
            lambda: _outcome(workspace) == "# A"
        )  # the other thread may not have had its turn since it put the link there
    finally:
        stop.set()
        thread.join()
    assert "secret" not in found


def _outcome(workspace: Path) -> str:
    try:
        return read(workspace, "sub/a.md")
    except PodiumError as error:
        return error.code


@pytest.mark.parametrize("path", ["nothing", "b.txt/inside", "sub/nothing/x", "x" * 300])
def test_what_is_not_there_is_not_found(workspace: Path, path: str) -> None:
    with pytest.raises(ArtifactNotFound) as caught:
        read(workspace, path)
    assert "list_artifacts" in caught.value.fix


def test_a_workspace_that_was_not_made_yet_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(ArtifactNotFound, match="does not exist") as caught:
        list_artifacts(str(tmp_path / "none"), path="", limit=10, cursor="")
    assert "get_job" in caught.value.fix


def test_a_folder_cannot_be_read(workspace: Path) -> None:
    with pytest.raises(ArtifactNotFound, match="is a folder"):
        read(workspace, "sub")


def test_a_text_is_read_in_parts_that_cut_no_character(workspace: Path) -> None:
    text = "aé€😀" * 50
    (workspace / "t.txt").write_text(text)
    for max_bytes in (1, 2, 3, 5, 7, 64):
        parts, offset = list[str](), 0
        while True:
            part = read_artifact(str(workspace), path="t.txt", offset=offset, max_bytes=max_bytes)
            parts.append(part.text)
            if part.next_offset is None:
                break
            assert part.next_offset > offset
            offset = part.next_offset
        assert "".join(parts) == text


def test_an_offset_beyond_the_end_finds_nothing_however_large_it_is(workspace: Path) -> None:
    (workspace / "t.txt").write_text("short")
    part = read_artifact(str(workspace), path="t.txt", offset=10**30, max_bytes=100)
    assert (part.offset, part.text, part.next_offset) == (5, "", None)


def test_an_offset_inside_of_a_character_moves_to_the_next(workspace: Path) -> None:
    (workspace / "t.txt").write_text("€uro")
    part = read_artifact(str(workspace), path="t.txt", offset=1, max_bytes=100)
    assert (part.offset, part.text) == (3, "uro")


def test_an_offset_behind_the_end_finds_nothing(workspace: Path) -> None:
    part = read_artifact(str(workspace), path="b.txt", offset=99, max_bytes=10)
    assert (part.text, part.next_offset, part.size_bytes) == ("", None, 3)


def test_an_empty_file_is_text(workspace: Path) -> None:
    (workspace / "empty").write_bytes(b"")
    part = read_artifact(str(workspace), path="empty", offset=0, max_bytes=10)
    assert (part.is_text, part.text, part.next_offset) == (True, "", None)


def test_an_absolute_path_in_the_workspace_is_taken_from_there(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(workspace)
    for told in (workspace, tmp_path / "alias"):
        for path in (workspace / "sub", told / "sub"):
            assert read(told, f"{path}/a.md") == "# A"
            assert paths(told, f"{path}") == ["sub/a.md", "sub/deep", "sub/deep/z.txt"]
    assert paths(workspace, str(workspace)) == ALL
    found = read_artifact(str(workspace), path=f"{workspace}/sub/a.md", offset=0, max_bytes=10)
    assert found.path == "sub/a.md"
    for other in (f"{workspace}/../outside/secret.txt", f"{workspace}2/a.txt"):
        with pytest.raises(PathNotAllowed):
            read(workspace, other)


def test_text_in_an_older_encoding_is_read_with_replacement_characters(workspace: Path) -> None:
    (workspace / "old.txt").write_bytes("über\nGrüße\n".encode("latin-1"))
    part = read_artifact(str(workspace), path="old.txt", offset=0, max_bytes=100)
    assert (part.is_text, part.replaced, part.text) == (True, True, "\ufffdber\nGr\ufffd\ufffde\n")
    rest = read_artifact(str(workspace), path="old.txt", offset=5, max_bytes=3)
    assert (rest.text, rest.next_offset) == ("Gr\ufffd", 8)
    assert not read_artifact(str(workspace), path="b.txt", offset=0, max_bytes=100).replaced


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0", b"\xff\xfe\xfd" * 10, b"text\0more"])
def test_a_binary_file_gives_its_facts_only(workspace: Path, data: bytes) -> None:
    (workspace / "x.png").write_bytes(data)
    part = read_artifact(str(workspace), path="x.png", offset=0, max_bytes=10)
    assert (part.is_text, part.text, part.mime_type, part.size_bytes) == (False, "", "image/png", len(data))


def test_bytes_that_are_no_utf8_far_inside_a_text_are_replaced(workspace: Path) -> None:
    (workspace / "log.txt").write_bytes(b"x" * 10_000 + b"\xff" + b"end")
    part = read_artifact(str(workspace), path="log.txt", offset=9_990, max_bytes=100)
    assert part.text == "x" * 10 + "\ufffdend"
