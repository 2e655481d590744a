"""Arguments that several tools share, and how they become what the port takes."""

from typing import Annotated

from pydantic import Field

from podium.contract.methods import Sheet
from podium.contract.pairs import name_and_value
from podium.contract.paths import check_given_once
from podium.errors import InvalidArguments
from podium_tools.spec import Args

JobId = Annotated[str, Field(min_length=1, max_length=200, description="Job id, not the name.")]
JobIdOrName = Annotated[
    str, Field(min_length=1, max_length=200, description="Job id, or the name if only one job has it.")
]
ConfigPath = Annotated[str, Field(description="Path of a .yaml or .yml score file.")]
ConfigContent = Annotated[str, Field(description="Its YAML text, instead of config_path.")]


class JobArgs(Args):
    """Arguments of a call that changes one job."""

    job_id: JobId


class JobReadArgs(Args):
    """Arguments of a call that reads about one job."""

    job_id: JobIdOrName


def sheet_of(text: str) -> Sheet | None:
    """Return a sheet's number or name; None for ""."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() else text or None


def one_score(config_path: str, config_content: str, **others: str | None) -> tuple[str | None, str | None]:
    """Return the path and the content of a score; exactly one of them and of the `others` is not None.

    Raises:
        InvalidArguments: none or several are given.
    """
    path, content = config_path or None, config_content if config_content.strip() else None
    check_given_once(path, content, **others)
    return path, content


def pairs(variables: list[str]) -> tuple[tuple[str, str], ...]:
    """Split `name=value` entries at their first "=".

    Raises:
        InvalidArguments: an entry has no "=" or no name, or a name comes twice.
    """
    result: dict[str, str] = {}
    for entry in variables:
        if (pair := name_and_value(entry)) is None:
            raise InvalidArguments(
                f"variables: {entry!r} does not have the form name=value.",
                fix='Write each variable as one string, for example variables=["branch=main"].',
            )
        name, value = pair
        if name in result:
            raise InvalidArguments(f"variables: {name!r} is given twice.", fix="Give each variable once.")
        result[name] = value
    return tuple(result.items())
