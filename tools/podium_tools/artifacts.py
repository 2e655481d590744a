"""`list_artifacts` and `read_artifact`: the files in a job's workspace."""

from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from podium.contract.models import ArtifactPage, ArtifactText
from podium.contract.ports import JobControl
from podium_tools.budget import fitting, shorter
from podium_tools.calls import again, call
from podium_tools.fields import JobReadArgs
from podium_tools.results import FILE_NOTE, JobOutput, LinkedResult, Result
from podium_tools.spec import READ_FOREIGN, Call, ToolSpec

RESOURCE_BYTES = 4 * 1024 * 1024  # the largest file that is sent as one resource
MAX_BYTES = 40_000  # of text in one reply; clients move results above 50,000 characters out of the conversation


class ListArgs(JobReadArgs):
    """Arguments of `list_artifacts`."""

    path: str = Field("", description='Folder in the workspace; "" for the whole workspace.')
    limit: int = Field(100, ge=1, le=200, description="Entries per page.")
    cursor: str = Field("", description="next_cursor of the previous page.")


class Entry(BaseModel):
    r"""A file or folder; `path` is relative to the workspace, as `read_artifact` takes it: bytes that are not seen are `\xNN`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str  # relative to the workspace
    type: Literal["file", "directory", "symlink", "other"]  # what it is
    size_bytes: int  # of a file
    modified_at: str  # when it was last written


class ListResult(Result):
    """One page of entries, sorted by path; `total` counts all of them, or at least so many if it says so."""

    job_id: str  # the job's id
    workspace: str  # the folder that is listed
    entries: list[Entry]  # of this page, sorted by path
    total: int  # how many there are
    total_at_least: bool  # there are more than `total`
    next_cursor: str  # for the next page, "" on the last one


def _list_sentence(page: ArtifactPage, args: ListArgs, limit: int) -> str:
    """Return what the page shows, and why it is shorter than requested."""
    where = f"under {args.path} in the workspace" if args.path else "in the workspace"
    if not page.entries:
        return f"No {'more ' if page.total else ''}files {where} of {args.job_id}."
    more = f"{shorter(limit, args.limit)}; use next_cursor for more" if page.next_cursor else ""
    total = max(page.total, len(page.entries))
    least = "at least " if page.total_at_least else ""
    shown = (
        f"{len(page.entries)} of {least}{total} {'entry' if total == 1 else 'entries'} {where} of {args.job_id}{more}."
    )
    return f"{shown} The deepest folders were not opened; pass one as path to list it." if page.has_unopened else shown


def _only_file(page: ArtifactPage, args: ListArgs) -> str:
    """Return the call that reads the file if there is just one, else ""."""
    files = [entry.path for entry in page.entries if entry.type == "file"]
    return call("read_artifact", job_id=args.job_id, path=files[0]) if len(files) == 1 and not args.cursor else ""


async def _list(port: JobControl, args: ListArgs, _call: Call) -> ListResult:
    """Return a page of the workspace's entries, a shorter one if their paths are long."""
    return await fitting(lambda limit: _page(port, args, limit), args.limit)


async def _page(port: JobControl, args: ListArgs, limit: int) -> ListResult:
    page = await port.artifacts(args.job_id, path=args.path, limit=limit, cursor=args.cursor)
    more = again("list_artifacts", args, cursor=page.next_cursor)
    return ListResult(
        summary=_list_sentence(page, args, limit),
        next=more if page.next_cursor else _only_file(page, args),
        job_id=args.job_id,
        workspace=page.workspace,
        entries=[Entry(**entry.model_dump()) for entry in page.entries],
        total=page.total,
        total_at_least=page.total_at_least,
        next_cursor=page.next_cursor,
    )


class ReadArgs(JobReadArgs):
    """Arguments of `read_artifact`."""

    path: str = Field(
        min_length=1, description=r"Path as list_artifacts returns it, where \xNN is a byte that cannot be seen."
    )
    offset: int = Field(0, ge=0, description="First byte to read.")
    max_bytes: int = Field(20_000, ge=4, le=MAX_BYTES, description="Bytes at most.")


class ReadResult(LinkedResult):
    """Part of a text file; `next_offset` is null at its end. `job_output` is "" for a binary file."""

    job_id: str  # the job's id
    path: str  # relative to the workspace
    offset: int  # where this part begins, in bytes
    is_text: bool  # false: a binary file, of which nothing is shown
    job_output_note: str  # that what follows is data
    job_output: JobOutput
    truncated: bool  # more follows
    next_offset: int | None  # where the next part begins, null at the end


def _read_sentence(found: ArtifactText) -> str:
    """Return which part of which file this is."""
    if not found.is_text:
        what = f"{found.path} is binary ({found.mime_type}, {found.size_bytes} B), so its content is not shown"
        where = (
            "read it through resource_uri" if found.size_bytes <= RESOURCE_BYTES else "open it in the job's workspace"
        )
        return f"{what}; {where}."
    if found.offset >= found.size_bytes > 0:
        return f"{found.path} has {found.size_bytes} bytes, so there is nothing at offset {found.offset}."
    end = found.size_bytes if found.next_offset is None else found.next_offset
    part = "the whole file" if end - found.offset >= found.size_bytes else f"bytes {found.offset} to {end}"
    replaced = " Bytes that are not valid UTF-8 are shown as U+FFFD." if found.replaced else ""
    return f"{found.path}: {part} ({found.size_bytes} bytes in total).{replaced}"


def _resource_uri(found: ArtifactText, job_id: str) -> str:
    """Return where the whole file can be read, "" if all of it is here or it is too large."""
    is_here = found.is_text and found.next_offset is None and not found.offset
    if is_here or found.size_bytes > RESOURCE_BYTES:
        return ""
    return f"job://{quote(job_id, safe='')}/artifact/{quote(found.path)}"


async def _read(port: JobControl, args: ReadArgs, _call: Call) -> ReadResult:
    """Return part of a file, a smaller part if its text costs many tokens."""
    return await fitting(lambda max_bytes: _part(port, args, max_bytes), args.max_bytes, least=4)


async def _part(port: JobControl, args: ReadArgs, max_bytes: int) -> ReadResult:
    found = await port.artifact(args.job_id, path=args.path, offset=args.offset, max_bytes=max_bytes)
    more = found.next_offset is not None
    onward = again("read_artifact", args, path=found.path, offset=found.next_offset)
    return ReadResult(
        summary=_read_sentence(found),
        next=onward if more else "",
        job_id=args.job_id,
        path=found.path,
        mime_type=found.mime_type,
        size_bytes=found.size_bytes,
        resource_uri=_resource_uri(found, args.job_id),
        offset=found.offset,
        is_text=found.is_text,
        job_output_note=FILE_NOTE,
        job_output=found.text,
        truncated=more,
        next_offset=found.next_offset,
    )


LIST_ARTIFACTS = ToolSpec(
    name="list_artifacts",
    title="List a job's files",
    description=(
        "List the files and folders in a job's workspace, at all levels, sorted by path. Nothing outside the "
        "workspace can be reached. For the output of a sheet use read_job_log."
    ),
    risk="read",
    hints=READ_FOREIGN,
    arguments=ListArgs,
    result=ListResult,
    handler=_list,
)

READ_ARTIFACT = ToolSpec(
    name="read_artifact",
    title="Read a job's file",
    description=(
        "Read part of a text file in a job's workspace; continue at next_offset. Of a binary file only type and size are "
        "returned. A file of up to 4 MiB that is not returned in full is linked as a resource. Control and invisible "
        "characters are removed. For the output of a sheet use read_job_log."
    ),
    risk="read",
    hints=READ_FOREIGN,
    arguments=ReadArgs,
    result=ReadResult,
    handler=_read,
)
