"""Types of keys that only numbered scores have."""

from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field

from podium.score.blocks import no_twin_keys

V = TypeVar("V")
SheetMap = Annotated[dict[int, V], BeforeValidator(no_twin_keys)]
"""Values by the number of a sheet, or of a stage."""
Positive = Annotated[int, Field(ge=1)]


def _with_words(value: Any) -> Any:
    """Refuse settings whose names are no text; what is inside them is read with the instrument's profile."""
    for key in value if isinstance(value, dict) else ():
        if not isinstance(key, str):
            raise ValueError(f"the key {key!r} should be the name of a setting")  # noqa: TRY004 pydantic wants it
    return value


Config = Annotated[dict[str, Any], BeforeValidator(_with_words)]
"""Settings of an instrument, and time limits."""
