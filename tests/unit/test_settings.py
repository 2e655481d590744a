"""Where settings come from, which source wins, and what a wrong one says."""

from pathlib import Path

import pytest

from podium.errors import InvalidArguments, PermissionDenied
from podium.settings import load


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the settings file is looked for; it is empty."""
    path = tmp_path / "podium.yaml"
    path.touch()
    monkeypatch.setenv("PODIUM_CONFIG", str(path))
    return path


def test_without_a_file_variables_or_flags_the_defaults_hold(file: Path) -> None:
    settings = load()
    assert (settings.max_sheets, settings.grace_seconds, settings.log_level) == (16, 5.0, "info")


def test_a_flag_wins_over_the_environment_and_the_environment_over_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("max_sheets: 1\ngrace_seconds: 1\nstuck_seconds: 1\n")
    monkeypatch.setenv("PODIUM_MAX_SHEETS", "2")
    monkeypatch.setenv("PODIUM_GRACE_SECONDS", "2.5")
    settings = load(max_sheets=3)
    assert (settings.max_sheets, settings.grace_seconds, settings.stuck_seconds) == (3, 2.5, 1.0)


def test_a_flag_of_none_is_not_given(file: Path) -> None:
    file.write_text("max_sheets: 7\n")
    assert load(max_sheets=None).max_sheets == 7


def test_the_socket_of_a_home_of_ones_own_is_inside_it(file: Path, tmp_path: Path) -> None:
    assert load(home=tmp_path).socket.parent == tmp_path


def test_variables_that_are_no_settings_are_left_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODIUM_TOKEN", "of a job")
    load()


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}"])
def test_an_empty_file_says_nothing(file: Path, text: str) -> None:
    file.write_text(text)
    assert load().max_sheets == 16


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_sheet: 3\n", "There is no setting 'max_sheet'."),
        ("max_sheets: 0\n", "Setting max_sheets: Input should be greater than or equal to 1."),
        ("max_sheets: [\n", "The settings file {file} is not valid YAML: "),
        ("- max_sheets\n", "The settings file {file} is not a mapping of setting names to values."),
        ("1: 2\n", "The settings file {file} is not a mapping of setting names to values."),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(InvalidArguments) as refused:
        load()
    assert refused.value.message.startswith(message.format(file=file))
    assert refused.value.fix


@pytest.mark.parametrize(("name", "meant"), [("slurm_foldr", "did you mean slurm_folder?"), ("zzz", "lists all.")])
def test_a_setting_that_does_not_exist_is_refused_with_the_one_that_may_be_meant(
    file: Path, name: str, meant: str
) -> None:
    file.write_text(f"{name}: /shared\n")
    with pytest.raises(InvalidArguments) as refused:
        load()
    assert refused.value.fix.startswith(f"Correct it in {file}; ")
    assert refused.value.fix.endswith(meant)


def test_a_file_that_was_named_and_is_not_there_is_refused(file: Path) -> None:
    file.unlink()
    with pytest.raises(InvalidArguments, match="which PODIUM_CONFIG names, does not exist"):
        load()


def test_a_file_that_nobody_named_need_not_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PODIUM_CONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load().max_sheets == 16


@pytest.mark.parametrize("mode", [0o602, 0o666])
def test_a_file_that_other_users_can_write_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(PermissionDenied, match="other users can write it"):
        load()


def test_a_file_that_cannot_be_read_is_refused(file: Path) -> None:
    file.unlink()
    file.mkdir()
    with pytest.raises(InvalidArguments, match=r"cannot be read: Is a directory\."):
        load()


def test_a_wrong_variable_names_its_setting(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODIUM_MAX_SHEETS", "many")
    with pytest.raises(InvalidArguments, match="Setting max_sheets: Input should be a valid integer"):
        load()


def test_a_socket_path_that_no_socket_can_have_is_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidArguments, match="longer than 107 bytes"):
        load(home=tmp_path / ("h" * 100))
