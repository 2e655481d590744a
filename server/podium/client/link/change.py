"""What a resume or a modify brings along."""

from dataclasses import dataclass

from podium.contract.ports import Sheet


@dataclass(frozen=True)
class Change:
    """The sheet from which a job runs again, and its changed score by path or inline. Each may be missing."""

    from_sheet: Sheet | None
    config_path: str | None
    config_content: str | None
