"""Bad scores, paths and workspaces: each gets its code, a message and a fix, in both eras, and nothing is left half done."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from podium.contract.states import Phase
from tests.support.agent import Agent
from tests.support.mcp_clients import GOOD, complete

pytestmark = pytest.mark.anyio

# -- scores -----------------------------------------------------------------------------------------------------------

CYCLE = "name: x\nsheets:\n  - {name: a, run: 'true', needs: [b]}\n  - {name: b, run: 'true', needs: [a]}\n"
ONE = "name: x\nsheets:\n  - name: a\n    run: 'true'\n"
BAD_SCORES: dict[str, tuple[str, int, str]] = {
    "no_yaml": ("name: x\nsheets: [\n", 3, "not YAML"),
    "a_tab": ("name: x\nsheets:\n\t- run: x\n", 3, "not YAML"),
    "empty": ("# nothing\n", 1, "empty"),
    "no_mapping": ("- run: x\n", 1, "mapping"),
    "a_key_twice": ("name: x\nname: y\nsheets:\n  - run: x\n", 2, "twice"),
    "a_second_document": (f"{ONE}---\n{ONE}", 5, "second document"),
    "an_alias_bomb": ("a: &a [x, x]\nb: &b [*a, *a]\n" + "".join(
        f"{chr(n)}: &{chr(n)} [{', '.join([f'*{chr(n - 1)}'] * 9)}]\n" for n in range(ord("c"), ord("k"))), 0, "aliases"),
    "a_tag": ("name: !!python/object/apply:os.system [id]\n", 1, "tag"),
    "an_unknown_key": (f"{ONE}    tiemout_seconds: 5\n", 5, "tiemout_seconds"),
    "a_wrong_type": (f"{ONE}    timeout_seconds: soon\n", 5, "number"),
    "no_sheets": ("name: x\nsheets: []\n", 2, "sheet"),
    "a_sheet_twice": (f"{ONE}  - name: a\n    run: x\n", 5, "a"),
    "an_unknown_need": (f"{ONE}    needs: [nobody]\n", 5, "nobody"),
    "a_cycle": (CYCLE, 3, "wait for each other"),
    "a_bad_template": (f"{ONE}  - name: b\n    run: 'echo {{{{ nowhere }}}}'\n", 6, "nowhere"),
    "a_broken_template": (f"{ONE}  - name: b\n    run: 'echo {{{{ broken'\n", 6, "template"),
    "an_unknown_instrument": ("name: x\nsheets:\n  - prompt: hello\n    instrument: trombone\n", 4, "trombone"),
    "an_unsupported_field": (f"{ONE}concert: {{}}\n", 5, "concert"),
    "a_nul": ('name: x\nsheets:\n  - run: "a\\0b"\n', 3, "NUL"),
}  # fmt: skip


@pytest.mark.usefixtures("nothing_done")
@pytest.mark.parametrize("name", BAD_SCORES)
async def test_a_bad_score_is_refused_with_its_place(
    guest: Agent, jobs: dict[Phase, str], tmp_path: Path, name: str
) -> None:
    text, line, word = BAD_SCORES[name]
    path = tmp_path / "score.yaml"
    path.write_text(text)
    ways: list[dict[str, Any]] = [{"config_content": text}, {"config_path": str(path)}]
    for way in ways:
        calls = [
            ("start_job", way),
            ("start_job", {**way, "dry_run": True}),
            ("resume_job", {**way, "job_id": jobs["failed"]}),
        ]
        for tool, arguments in calls:
            error = await guest.refused(tool, **arguments)
            complete(error, "SCORE_INVALID")
            problem = error["problems"][0]
            assert word in f"{problem['field']} {problem['message']}"
            assert problem["line"] == line or not line
        answer = await guest.call("validate_score", **way)
        assert answer["valid"] is False
        assert word in answer["problems"][0]


# -- paths ------------------------------------------------------------------------------------------------------------


def written(path: Path, content: bytes = GOOD.encode(), mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def closed(folder: Path) -> Path:
    """A score in a folder that may not be entered."""
    inner = folder / "closed"
    inner.mkdir()
    path = written(inner / "score.yaml")
    inner.chmod(0)
    return path


def huge(folder: Path) -> Path:
    path = written(folder / "huge.yaml")
    os.truncate(path, 50 << 20)
    return path


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "fifo.yaml")
    return folder / "fifo.yaml"


def directory(folder: Path) -> Path:
    (folder / "folder.yaml").mkdir()
    return folder / "folder.yaml"


def circle(folder: Path) -> Path:
    (folder / "circle.yaml").symlink_to("circle.yaml")
    return folder / "circle.yaml"


BAD_PATHS: dict[str, tuple[Callable[[Path], Path | str], str, str]] = {
    "another_suffix": (lambda folder: written(folder / "score.json"), "INVALID_ARGUMENTS", ".yaml"),
    "no_suffix": (lambda folder: written(folder / "score"), "INVALID_ARGUMENTS", ".yaml"),
    "two_dots": (lambda folder: f"{folder}/../{written(folder / 'a.yaml').name}", "PATH_NOT_ALLOWED", ".."),
    "missing": (lambda folder: folder / "missing.yaml", "SCORE_NOT_FOUND", "missing.yaml"),
    "missing_and_relative": (lambda _: "missing.yaml", "SCORE_NOT_FOUND", "missing.yaml"),
    "below_a_file": (lambda folder: written(folder / "a.yaml") / "b.yaml", "SCORE_NOT_FOUND", "b.yaml"),
    "a_folder": (directory, "SCORE_NOT_FOUND", "folder"),
    "a_fifo": (fifo, "SCORE_NOT_FOUND", "fifo.yaml"),
    "a_link_to_itself": (circle, "SCORE_NOT_FOUND", "circle.yaml"),
    "a_long_name": (lambda folder: folder / f"{'x' * 300}.yaml", "SCORE_NOT_FOUND", "xxx"),
    "a_nul": (lambda folder: f"{folder}/a\0b.yaml", "SCORE_NOT_FOUND", "b.yaml"),
    "unreadable": (lambda folder: written(folder / "mine.yaml", mode=0), "PERMISSION_DENIED", "mine.yaml"),
    "in_a_closed_folder": (closed, "PERMISSION_DENIED", "score.yaml"),
    "fifty_megabytes": (huge, "SCORE_INVALID", "larger than"),
    "not_utf8": (lambda folder: written(folder / "a.yaml", b"name: \xff\n"), "SCORE_INVALID", "not UTF-8"),
    "utf16": (lambda folder: written(folder / "a.yaml", GOOD.encode("utf-16")), "SCORE_INVALID", "not UTF-8"),
    "no_bytes": (lambda folder: written(folder / "a.yaml", b""), "SCORE_INVALID", "empty"),
}


@pytest.mark.usefixtures("nothing_done")
@pytest.mark.parametrize("name", BAD_PATHS)
async def test_a_bad_path_is_refused(guest: Agent, jobs: dict[Phase, str], tmp_path: Path, name: str) -> None:
    make, code, word = BAD_PATHS[name]
    path = str(make(tmp_path))
    for tool, more in (("start_job", {}), ("start_job", {"dry_run": True}), ("resume_job", {"job_id": jobs["failed"]})):
        complete(await guest.refused(tool, config_path=path, **more), code, word)
    if code == "SCORE_INVALID":
        assert word in (await guest.call("validate_score", config_path=path))["problems"][0]
    else:
        complete(await guest.refused("validate_score", config_path=path), code, word)


@pytest.mark.usefixtures("nothing_done")
async def test_an_inline_score_that_is_too_large_is_refused(guest: Agent) -> None:
    text = GOOD + "# much\n" * 700_000
    complete(await guest.refused("start_job", config_content=text), "SCORE_INVALID", "larger than")


# -- workspaces -------------------------------------------------------------------------------------------------------


def sealed(folder: Path) -> Path:
    """A folder that may be read and not written."""
    path = folder / "sealed"
    path.mkdir(mode=0o500)
    return path


def tree(folder: Path) -> list[Path]:
    """Return everything in a folder."""
    return sorted(folder.rglob("*"))


BAD_WORKSPACES: dict[str, tuple[Callable[[Path], Path | str], str]] = {
    "a_file": (lambda folder: written(folder / "file"), "PATH_NOT_ALLOWED"),
    "below_a_file": (lambda folder: written(folder / "file") / "a" / "b", "PATH_NOT_ALLOWED"),
    "a_link_to_nothing": (circle, "PATH_NOT_ALLOWED"),
    "below_a_link_to_itself": (lambda folder: circle(folder) / "a", "PATH_NOT_ALLOWED"),
    "a_long_name": (lambda folder: folder / "a" / ("x" * 300), "PATH_NOT_ALLOWED"),
    "where_no_folder_can_be": (lambda _: "/proc/nothing/a", "PATH_NOT_ALLOWED"),
    "not_writable": (sealed, "PERMISSION_DENIED"),
    "below_what_is_not_writable": (lambda folder: sealed(folder) / "a" / "b", "PERMISSION_DENIED"),
    "below_what_is_closed": (lambda folder: closed(folder).parent / "a" / "b", "PERMISSION_DENIED"),
}


@pytest.mark.usefixtures("nothing_done")
@pytest.mark.parametrize("name", BAD_WORKSPACES)
async def test_a_workspace_that_cannot_be_made_is_refused(guest: Agent, tmp_path: Path, name: str) -> None:
    make, code = BAD_WORKSPACES[name]
    workspace = str(make(tmp_path))
    before = tree(tmp_path)
    for arguments in (
        {"config_content": GOOD, "workspace": workspace},
        {"config_content": f"workspace: {workspace}\n{GOOD}"},
        {"config_content": GOOD, "workspace": workspace, "idempotency_key": f"never-used-{name}"},
    ):
        complete(await guest.refused("start_job", **arguments), code, workspace)
    assert tree(tmp_path) == before


ONLY_MAKING_TELLS = {"a_long_name", "where_no_folder_can_be"}


@pytest.mark.usefixtures("nothing_done")
@pytest.mark.parametrize("name", sorted(BAD_WORKSPACES.keys() - ONLY_MAKING_TELLS))
async def test_a_workspace_that_could_not_be_made_is_told_before_a_start(
    guest: Agent, tmp_path: Path, name: str
) -> None:
    make, code = BAD_WORKSPACES[name]
    workspace = str(make(tmp_path))
    before = tree(tmp_path)
    plan = await guest.refused("start_job", config_content=GOOD, workspace=workspace, dry_run=True)
    complete(plan, code, workspace)
    complete(await guest.refused("validate_score", config_content=f"workspace: {workspace}\n{GOOD}"), code, workspace)
    assert tree(tmp_path) == before


@pytest.mark.usefixtures("nothing_done")
async def test_a_workspace_with_a_nul_is_refused(guest: Agent) -> None:
    complete(
        await guest.refused("start_job", config_content=GOOD, workspace="/nowhere/a\0b"), "INVALID_ARGUMENTS", "NUL"
    )


# -- keys -------------------------------------------------------------------------------------------------------------


async def test_a_refused_start_leaves_its_key_free_and_a_used_key_takes_no_other_score(
    guest: Agent, tmp_path: Path
) -> None:
    key = {"idempotency_key": str(tmp_path)}
    complete(await guest.refused("start_job", config_content="name: [", **key), "SCORE_INVALID")
    complete(await guest.refused("start_job", config_content=GOOD, workspace="/proc/a", **key), "PATH_NOT_ALLOWED")
    assert (await guest.call("start_job", config_content=GOOD, dry_run=True, **key))["job_id"] == ""
    started = await guest.call("start_job", config_content=GOOD, **key)
    assert started["replayed"] is False
    error = await guest.refused("start_job", config_content=f"{GOOD}# changed", **key)
    complete(error, "IDEMPOTENCY_CONFLICT", started["job_id"])
    assert (await guest.call("list_jobs", name=started["job_id"]))["total"] == 1
    await guest.call("cancel_job", job_id=started["job_id"])
    await guest.call("delete_job", job_id=started["job_id"])
    complete(await guest.refused("start_job", config_content=GOOD, **key), "JOB_DELETED", started["job_id"])
