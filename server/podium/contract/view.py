"""The base of everything that is sent."""

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """Base of everything sent: frozen, tolerant of what a newer conductor adds, and built by pydantic at its first use."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="ignore")
