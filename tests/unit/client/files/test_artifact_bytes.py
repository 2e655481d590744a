"""Whole files of a workspace, as resources need them."""

from pathlib import Path

import pytest

from podium.client.files.artifacts import read_bytes
from podium.errors import ArtifactNotFound, InvalidArguments, PathNotAllowed


@pytest.mark.parametrize(
    ("name", "data", "is_text", "mime_type"),
    [
        ("a.md", b"# A\n", True, "text/markdown"),
        ("none", b"", True, "text/plain"),
        (
            "old.txt",
            b"caf\xe9 au lait\n",
            True,
            "text/plain",
        ),  # as read_artifact takes it, so that secrets are looked for
        ("plot.png", b"\x89PNG\0\1", False, "image/png"),
        ("core", b"\0\1\2", False, "application/octet-stream"),
    ],
)
def test_a_file_comes_as_it_is_with_its_type(
    tmp_path: Path, name: str, data: bytes, is_text: bool, mime_type: str
) -> None:
    (tmp_path / name).write_bytes(data)
    found = read_bytes(str(tmp_path), path=name, max_bytes=100)
    assert (found.data, found.is_text, found.mime_type) == (data, is_text, mime_type)


def test_a_file_of_the_largest_size_comes_and_a_larger_one_says_how_else(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 10)
    assert read_bytes(str(tmp_path), path="a", max_bytes=10).data == b"x" * 10
    with pytest.raises(InvalidArguments, match="10 bytes; at most 9") as caught:
        read_bytes(str(tmp_path), path="a", max_bytes=9)
    assert "read_artifact" in caught.value.fix


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(ArtifactNotFound, match="folder"):
        read_bytes(str(tmp_path), path="a", max_bytes=9)


@pytest.mark.parametrize("path", ["../secret", "link", "/etc/hostname"])
def test_nothing_outside_is_read(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text("secret")
    workspace = tmp_path / "ws"
    workspace.mkdir()
    (workspace / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(PathNotAllowed):
        read_bytes(str(workspace), path=path, max_bytes=100)
