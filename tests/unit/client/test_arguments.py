"""Arguments that are wrong before anything is sent: nothing of these tests has a conductor."""

import os
from pathlib import Path

import pytest

from podium.client.arguments import checked_start
from podium.client.job_control import JobControlService
from podium.client.link.daemon_client import DaemonClient
from podium.contract.methods import SubmitParams
from podium.errors import InvalidArguments, PathNotAllowed, PermissionDenied, PodiumError, ScoreNotFound
from tests.support.another_user import as_another_user
from tests.unit.client.link.stand_in import client_for


@pytest.fixture
def score(tmp_path: Path) -> Path:
    path = tmp_path / "s.yaml"
    path.write_text("name: x")
    return path


@pytest.fixture
def service(short_tmp: Path) -> JobControlService:
    return JobControlService(client_for(short_tmp / "c.sock"))


def test_a_service_needs_a_client() -> None:
    nothing: DaemonClient = None  # type: ignore[assignment]
    with pytest.raises(ValueError, match="daemon client"):
        JobControlService(nothing)


@pytest.mark.anyio
async def test_neither_path_nor_content_is_a_value_error(service: JobControlService) -> None:
    with pytest.raises(ValueError, match="Neither"):
        await service.start_job()


@pytest.mark.anyio
async def test_both_path_and_content_is_a_value_error(service: JobControlService, score: Path) -> None:
    with pytest.raises(ValueError, match="Both"):
        await service.start_job(score, "name: x")


@pytest.mark.anyio
async def test_a_missing_file_is_a_file_not_found_error(service: JobControlService, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist"):
        await service.start_job(tmp_path / "none.yaml")


@pytest.mark.anyio
async def test_a_good_score_without_a_conductor_is_a_runtime_error(service: JobControlService, score: Path) -> None:
    with pytest.raises(RuntimeError, match="No conductor is running"):
        await service.start_job(score)


@pytest.mark.anyio
async def test_no_job_to_wait_for_is_a_value_error(service: JobControlService) -> None:
    with pytest.raises(ValueError, match="no job"):
        await service.wait([], until="any", timeout_seconds=1, after="")


@pytest.mark.parametrize("name", ["score.json", "score", "score.yaml.txt"])
def test_another_suffix_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("name: x")
    with pytest.raises(InvalidArguments, match=r"\.yaml or \.yml"):
        checked_start(SubmitParams(config_path=str(tmp_path / name)))


@pytest.mark.parametrize("suffix", ["yaml", "yml", "YAML"])
def test_a_score_may_be_called_yaml_or_yml(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"s.{suffix}"
    path.write_text("name: x")
    assert checked_start(SubmitParams(config_path=str(path))).config_path == str(path)


def test_two_dots_in_the_path_are_refused_wherever_they_lead(score: Path) -> None:
    with pytest.raises(PathNotAllowed):
        checked_start(SubmitParams(config_path=f"{score.parent}/sub/../s.yaml"))


def test_a_folder_is_no_score(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(ScoreNotFound, match="is a folder"):
        checked_start(SubmitParams(config_path=str(tmp_path / "folder.yaml")))


def test_a_fifo_is_no_score_and_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(ScoreNotFound):
        checked_start(SubmitParams(config_path=str(tmp_path / "pipe.yaml")))


@pytest.mark.parametrize("path", ["a\0b.yaml", "x" * 300 + ".yaml"])
def test_a_path_that_the_system_does_not_take_is_not_found(path: str) -> None:
    with pytest.raises(ScoreNotFound):
        checked_start(SubmitParams(config_path=path))


def test_relative_paths_are_the_callers(score: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(score.parent)
    checked = checked_start(SubmitParams(config_path="s.yaml", workspace="ws"))
    assert (checked.config_path, checked.workspace) == (str(score), str(score.parent / "ws"))


def test_an_empty_inline_score_is_refused() -> None:
    with pytest.raises(InvalidArguments, match="empty"):
        checked_start(SubmitParams(config_content="  \n"))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # Python 3.12 warns where threads exist
def test_a_score_that_may_not_be_read_is_a_matter_of_permission(short_tmp: Path) -> None:
    path = short_tmp / "s.yaml"
    path.write_text("name: x")
    short_tmp.chmod(0o755)
    path.chmod(0)
    assert _kind_as_another_user(path) == PermissionDenied.__name__


def _kind_as_another_user(path: Path) -> str:
    """Return the error that another user than root gets."""

    def start() -> str:
        try:
            checked_start(SubmitParams(config_path=str(path)))
        except PodiumError as error:
            return type(error).__name__
        return "accepted"

    return as_another_user(start)


def test_a_relative_path_is_told_with_the_folder_in_which_it_was_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")  # where some clients start their servers
    with pytest.raises(ScoreNotFound, match=r"The score /no-such-folder/score\.yaml does not exist"):
        checked_start(SubmitParams(config_path="no-such-folder/score.yaml"))
    assert checked_start(SubmitParams(config_content="name: x", workspace="out")).workspace == "/out"
