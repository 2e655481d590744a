"""What the proxy shows of a job's files, and what it gives of its own environment, with a real conductor."""

from pathlib import Path

import anyio
import pytest

from podium.client.files.workspace import WorkspaceFiles
from podium.client.job_control import JobControlService
from podium.contract.methods import SECRETS_BYTES, ResumeParams, SubmitParams
from podium.contract.secrets.masks import Masker, Secret
from podium.errors import InvalidArguments
from tests.support.podium_home import Conductor

pytestmark = pytest.mark.anyio

VALUE = "abcdefgh-0123456789-stuvwxyz"
SCORE = """
name: files
env: {DB_PASSWORD: %s}
sheets:
  - name: make
    run: |
      printf 'first line\\n%%s\\nlast line\\n' "$DB_PASSWORD" > text.txt
      printf '\\000%%s' "$DB_PASSWORD" > data.bin
"""
PASSING = "name: passing\nenv_pass: [OF_THE_CALLER]\nsheets: [{name: s, run: 'test $OF_THE_CALLER = %s'}]\n"


async def ended(service: JobControlService, job_id: str) -> str:
    """Wait for the end of a job and return its status."""
    return (await service.wait([job_id], until="any", timeout_seconds=20, after="")).jobs[0].status


async def test_a_secret_of_the_job_is_not_shown_in_its_files_whatever_part_is_read(service: JobControlService) -> None:
    job_id = (await service.start_job(config_content=SCORE % VALUE)).job_id
    assert await ended(service, job_id) == "completed"
    whole = await service.artifact(job_id, path="text.txt", offset=0, max_bytes=1000)
    assert whole.text == "first line\n[value of DB_PASSWORD]\nlast line\n"
    assert whole.size_bytes == 11 + len(VALUE) + 11
    begin, end = 11, 11 + len(VALUE)
    for offset in range(begin - 2, end + 1):
        for size in (4, 9, 40):
            part = await service.artifact(job_id, path="text.txt", offset=offset, max_bytes=size)
            assert not any(VALUE[at : at + 3] in part.text for at in range(len(VALUE) - 2)), (offset, size)
            assert part.next_offset in {offset + size, None}  # of the file, not of what is shown
    found = await service.artifact_bytes(job_id, path="text.txt", max_bytes=1000)
    assert found.data.decode() == whole.text
    assert VALUE.encode() in (await service.artifact_bytes(job_id, path="data.bin", max_bytes=1000)).data


async def test_a_long_file_is_looked_through_in_parts_that_overlap(tmp_path: Path) -> None:
    sizes = list[int]()
    masker = Masker([Secret("T", VALUE)])

    async def spans_of(data: bytes) -> list[tuple[int, int, str]]:
        sizes.append(len(data))
        return masker.spans(data)  # type: ignore[return-value]

    at = [SECRETS_BYTES - 5, SECRETS_BYTES - 600, 2 * SECRETS_BYTES - 1030]
    text = bytearray(b"." * (3 * SECRETS_BYTES))
    for begin in at:
        text[begin : begin + len(VALUE)] = VALUE.encode()
    (tmp_path / "long.txt").write_bytes(text)
    files = WorkspaceFiles(str(tmp_path), spans_of)  # type: ignore[arg-type]
    found = await files.whole("long.txt", len(text))
    assert found.data.count(b"[value of T]") == len(at)
    assert b"stuv" not in found.data
    assert max(sizes) == SECRETS_BYTES


async def test_a_conductor_that_cannot_say_where_secrets_are_leaves_those_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", VALUE)
    (tmp_path / "a.txt").write_text(f"x {VALUE}")
    assert (await WorkspaceFiles(str(tmp_path)).read("a.txt", 10, 100)).text == "[value of SOME_TOKEN]"


async def test_only_what_a_score_passes_on_is_taken_from_our_environment(
    service: JobControlService, shared_conductor: Conductor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOT_ASKED_FOR", "not-asked-for")
    with pytest.raises(InvalidArguments, match="passes on OF_THE_CALLER") as refused:
        await service.start_job(config_content=PASSING % "x")
    assert "podium run --env" in refused.value.fix
    monkeypatch.setenv("OF_THE_CALLER", "of-the-caller-1")
    job_id = (await service.start_job(config_content=PASSING % "of-the-caller-1")).job_id
    assert await ended(service, job_id) == "completed"
    assert shared_conductor.settings.places.passed(job_id).read_text() == '{"OF_THE_CALLER": "of-the-caller-1"}'


async def test_what_is_given_wins_over_our_environment_and_a_changed_score_may_ask_for_more(
    service: JobControlService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_CALLER", "of-the-caller-1")
    request = SubmitParams(config_content=PASSING % "given", environment={"OF_THE_CALLER": "given", "MORE": "more"})
    job_id = (await service.start(request)).job.job_id
    assert await ended(service, job_id) == "completed"
    failing = (await service.start_job(config_content="name: n\nsheets: [{name: s, run: exit 1}]\n")).job_id
    assert await ended(service, failing) == "failed"
    await service.resume(ResumeParams(failing, config_content=PASSING % "of-the-caller-1"))
    assert await ended(service, failing) == "completed"


async def test_a_check_of_a_score_says_what_its_start_has_to_bring(service: JobControlService) -> None:
    plan = await service.plan(SubmitParams(config_content=PASSING % "x"))
    assert [each for each in plan.warnings if "OF_THE_CALLER" in each]


async def test_a_name_that_the_conductor_sets_cannot_be_given(service: JobControlService) -> None:
    with pytest.raises(InvalidArguments, match="PODIUM_SHEET is reserved"):
        await service.start(
            SubmitParams(config_content=PASSING % "x", environment={"PODIUM_SHEET": "x", "OF_THE_CALLER": "x"})
        )


async def test_a_value_that_is_no_utf8_is_passed_on_as_it_is_and_one_that_no_process_can_have_is_refused(
    service: JobControlService,
) -> None:
    odd = b"caf\xe9 \n value".decode("utf-8", "surrogateescape")
    score = 'name: n\nsheets: [{name: s, run: "printf \'%s\' \\"$ODD\\" > odd"}]\n'
    started = (await service.start(SubmitParams(config_content=score, environment={"ODD": odd}))).job
    assert await ended(service, started.job_id) == "completed"
    assert await anyio.Path(started.workspace, "odd").read_bytes() == b"caf\xe9 \n value"
    for environment in ({"A=B": "x"}, {"": "x"}, {"A\udce9": "x"}, {"A": "s3cr3t\0"}):
        with pytest.raises(InvalidArguments, match="no environment can hold") as refused:
            await service.start(SubmitParams(config_content=score, environment=environment))
        assert "s3cr3t" not in refused.value.message
