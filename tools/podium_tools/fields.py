"""Arguments that several tools share, and how they become what the port takes."""

from typing import Annotated

from pydantic import Field

from podium.contract.methods import Sheet
from podium.errors import InvalidArguments
from podium_tools.spec import Args

JobId = Annotated[str, Field(min_length=1, max_length=200, description="Job id, as start_job and list_jobs give it.")]
ConfigPath = Annotated[str, Field(description="Path of a .yaml or .yml score file.")]
ConfigContent = Annotated[str, Field(description="The score itself, as YAML text, instead of config_path.")]


class JobArgs(Args):
    """Arguments of a call on one job."""

    job_id: JobId


def sheet_of(text: str) -> Sheet | None:
    """Return a sheet's number or name; None for ""."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() else text or None


def one_score(tool: str, config_path: str, config_content: str) -> tuple[str | None, str | None]:
    """Return path and content of a score, of which exactly one is given and the other None.

    Raises:
        InvalidArguments: neither or both are given.
    """
    if bool(config_path) == bool(config_content.strip()):
        given = "both were" if config_path else "neither was"
        raise InvalidArguments(
            f"{tool} needs either config_path or config_content; {given} given.",
            fix="Give config_path for a score in a file, or config_content for its YAML text.",
        )
    return config_path or None, None if config_path else config_content


def optional_score(tool: str, config_path: str, config_content: str) -> tuple[str | None, str | None]:
    """Return path and content of a score where none is needed.

    Raises:
        InvalidArguments: both are given.
    """
    return one_score(tool, config_path, config_content) if config_path or config_content.strip() else (None, None)


def pairs(variables: list[str]) -> tuple[tuple[str, str], ...]:
    """Split `name=value` entries at their first "=".

    Raises:
        InvalidArguments: an entry has no "=" or no name, or a name comes twice.
    """
    split = [entry.partition("=") for entry in variables]
    if bad := [entry for entry, (name, sign, _) in zip(variables, split, strict=True) if not sign or not name.strip()]:
        raise InvalidArguments(
            f"variables: {bad[0]!r} is not of the form name=value.",
            fix='Write each variable as one string, for example variables=["branch=main"].',
        )
    result = tuple((name.strip(), value) for name, _, value in split)
    names = [name for name, _ in result]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise InvalidArguments(f"variables: {twice[0]!r} is given twice.", fix="Give each variable once.")
    return result
