import os
import subprocess
import sys
from pathlib import Path

import pytest

from podium.errors import InvalidArguments, PathNotAllowed, PermissionDenied, ScoreInvalid, ScoreNotFound
from podium.texts.source import check_text, read_score

LIMIT = 10_000


def test_a_relative_path_is_relative_to_the_caller(tmp_path: Path) -> None:
    (tmp_path / "score.yaml").write_text("name: x\n")
    assert read_score("score.yaml", cwd=tmp_path, max_bytes=LIMIT) == (tmp_path / "score.yaml", "name: x\n")


def test_the_home_folder_can_be_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "score.yml").write_text("x")
    assert read_score("~/score.yml", cwd=Path("/"), max_bytes=LIMIT)[0] == tmp_path / "score.yml"


@pytest.mark.parametrize("name", ["score.yaml", "score.yml", "Score.YAML"])
def test_a_score_may_be_called_yaml_or_yml(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    assert read_score(name, cwd=tmp_path, max_bytes=LIMIT)[0] == tmp_path / name


def test_a_byte_order_mark_is_not_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "score.yaml").write_bytes(b"\xef\xbb\xbfname: x")
    assert read_score("score.yaml", cwd=tmp_path, max_bytes=LIMIT)[1] == "name: x"


def test_a_path_with_a_parent_component_is_refused_even_when_it_leads_back(tmp_path: Path) -> None:
    (tmp_path / "score.yaml").write_text("name: x\n")
    with pytest.raises(PathNotAllowed, match=r"'\.\.'"):
        read_score(f"../{tmp_path.name}/score.yaml", cwd=tmp_path, max_bytes=LIMIT)


@pytest.mark.parametrize("name", ["score.json", "score", "score.yaml.txt", ".yaml", ""])
def test_only_yaml_files_are_scores(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidArguments, match=r"\.yaml or \.yml"):
        read_score(name, cwd=tmp_path, max_bytes=LIMIT)


def test_a_folder_is_called_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(ScoreNotFound, match="is a folder"):
        read_score("folder.yaml", cwd=tmp_path, max_bytes=LIMIT)


@pytest.mark.parametrize(
    "name", ["missing.yaml", "folder.yaml", "fifo.yaml", "loop.yaml", "nul\0.yaml", "x" * 300 + ".yaml"]
)
def test_what_is_not_a_regular_file_is_no_score(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "fifo.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    with pytest.raises(ScoreNotFound):
        read_score(name, cwd=tmp_path, max_bytes=LIMIT)


def test_a_device_is_no_score(tmp_path: Path) -> None:
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    with pytest.raises(ScoreNotFound, match="not a regular file"):
        read_score("zero.yaml", cwd=tmp_path, max_bytes=LIMIT)


def test_a_file_of_the_limit_is_read_and_one_byte_more_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fits.yaml").write_bytes(b"x" * LIMIT)
    (tmp_path / "large.yaml").write_bytes(b"x" * (LIMIT + 1))
    assert len(read_score("fits.yaml", cwd=tmp_path, max_bytes=LIMIT)[1]) == LIMIT
    with pytest.raises(ScoreInvalid, match=f"larger than the limit of {LIMIT} bytes"):
        read_score("large.yaml", cwd=tmp_path, max_bytes=LIMIT)


def test_bytes_that_are_not_utf8_are_refused_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "score.yaml").write_bytes(b"name: x\nab\xff")
    with pytest.raises(ScoreInvalid, match="0xff") as caught:
        read_score("score.yaml", cwd=tmp_path, max_bytes=LIMIT)
    (problem,) = caught.value.facts["problems"]
    assert (problem["line"], problem["column"]) == (2, 3)


def test_a_file_of_somebody_else_is_a_matter_of_permission(short_tmp: Path) -> None:
    short_tmp.chmod(0o755)
    score = short_tmp / "score.yaml"
    score.write_text("name: x\n")
    score.chmod(0)
    if os.geteuid() != 0:
        with pytest.raises(PermissionDenied, match="cannot be read"):
            read_score(str(score), cwd=short_tmp, max_bytes=LIMIT)
        return
    code = (  # everything is imported before root is given up: the interpreter may be in root's own folders
        "import os, pathlib, sys\n"
        "from podium.errors import PermissionDenied\n"
        "from podium.texts.source import read_score\n"
        "os.setuid(65534)\n"
        "try:\n    read_score(sys.argv[1], cwd=pathlib.Path('/'), max_bytes=100)\n"
        "except PermissionDenied as error:\n    print(error.code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(score)], capture_output=True, text=True, check=False)
    assert done.stdout == "PERMISSION_DENIED\n", done.stderr


def test_an_inline_score_is_measured_in_bytes() -> None:
    check_text("é" * 50, 100)
    with pytest.raises(ScoreInvalid, match="larger than the limit of 99 bytes"):
        check_text("é" * 50, 99)


def test_an_inline_score_with_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(ScoreInvalid, match="surrogate"):
        check_text("name: \ud800", 100)


def test_a_path_that_is_not_utf_8_is_refused_wherever_it_is_so(tmp_path: Path) -> None:
    odd = os.fsdecode(b"\xff")
    (tmp_path / odd).mkdir()
    (tmp_path / odd / "score.yaml").write_text("name: x\n")
    with pytest.raises(InvalidArguments, match="not UTF-8"):
        read_score("score.yaml", cwd=tmp_path / odd, max_bytes=LIMIT)
