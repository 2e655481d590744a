"""Types of keys that only numbered scores have."""

from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field

from podium.score.blocks import no_twin_keys

V = TypeVar("V")
SheetMap = Annotated[dict[int, V], BeforeValidator(no_twin_keys)]
"""Values by the number of a sheet, or of a stage."""
Positive = Annotated[int, Field(ge=1)]
