"""The env file of the settings: what it means, and when it is refused."""

from pathlib import Path

import pytest

from podium.conductor.attempts.env_file import read_env_file
from podium.errors import InvalidArguments


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    """Write an env file."""
    path = folder / "values.env"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_each_line_is_a_variable_and_quotes_do_what_they_do_elsewhere(tmp_path: Path) -> None:
    text = (
        '# a comment\nA=plain # not a comment\n\nexport B = \'as $written \\n\'\nC="two\\nlines \\"q\\""\nD=\nE=a=b=\n'
    )
    assert read_env_file(written(tmp_path, text)) == {
        "A": "plain # not a comment",
        "B": "as $written \\n",
        "C": 'two\nlines "q"',
        "D": "",
        "E": "a=b=",
    }


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(InvalidArguments, match="can be read or changed by other users") as caught:
        read_env_file(written(tmp_path, "A=1\n", mode))
    assert "chmod 600" in caught.value.fix


def test_a_line_that_is_no_variable_is_refused_without_repeating_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidArguments, match="a line, number 2, that") as caught:
        read_env_file(written(tmp_path, "A=1\ns3cr3t alone\n"))
    assert "s3cr3t" not in caught.value.message


def test_a_file_that_is_missing_or_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArguments, match="No such file"):
        read_env_file(tmp_path / "none")
    with pytest.raises(InvalidArguments, match="not a regular file"):
        read_env_file(tmp_path)
    with pytest.raises(InvalidArguments, match="more than 1048576") as caught:
        read_env_file(written(tmp_path, "A=1\n" * 300_000))
    assert "chmod" not in caught.value.fix


def test_lines_end_where_an_editor_ends_them(tmp_path: Path) -> None:
    text = "\ufeffA=1\r\nB=one\x0btwo\u2028three\r\n"
    assert read_env_file(written(tmp_path, text)) == {"A": "1", "B": "one\x0btwo\u2028three"}
