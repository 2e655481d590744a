"""Every setting on one page: defaults < settings file < environment (`PODIUM_...`) < flags.

The file is YAML, at `PODIUM_CONFIG` or `podium.yaml` in the user's config folder. An unknown key in it is an error. The
sources are read here, since pydantic-settings would take a quarter of the time that a conductor needs to start.
"""

import os
import shlex
import tempfile
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from podium.errors import InvalidArguments
from podium.home import SOCKET, Home

SOCKET_PATH_LIMIT = 107  # bytes; sun_path of Linux less its NUL


def config_file() -> Path:
    """Return where the settings file is looked for."""
    return Path(os.environ.get("PODIUM_CONFIG") or Path(platformdirs.user_config_dir("podium")) / "podium.yaml")


def _runtime_dir() -> Path:
    """Return a private folder for the default home's socket: the user's runtime folder where there is one."""
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / "podium"
    return Path(tempfile.gettempdir()) / f"podium-{os.getuid()}"


def _default_home() -> Path:
    return Path(platformdirs.user_state_dir("podium"))


def _default_socket(home: Path) -> Path:
    """Return the place in the runtime folder or, for a home of one's own, the one inside it."""
    return (_runtime_dir() if home == _default_home() else home) / SOCKET


class Settings(BaseModel):
    """Where Podium keeps things and how much it does at once. Times are in seconds, sizes in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(
        default_factory=_default_home,
        description="folder for the conductor's state",
    )
    socket: Path = Field(default=Path(), description="Unix socket of the conductor, which may be a foreign one")
    max_sheets: int = Field(16, ge=1, le=1000, description="sheets that may run at the same time on this machine")
    max_sheets_per_agent: int = Field(4, ge=1, le=1000, description="sheets at the same time per agent instrument")
    grace_seconds: float = Field(5.0, ge=0, le=600, description="between TERM and KILL when a process tree is ended")
    stuck_seconds: float = Field(600.0, ge=1, description="a sheet without output and CPU use for this long is stuck")
    call_seconds: float = Field(30.0, gt=0, description="the longest time that the proxy waits for a reply")
    connect_seconds: float = Field(5.0, gt=0, description="the longest time that the proxy waits for a connection")
    effect_seconds: float = Field(3.0, ge=0, description="how long a control call waits for its effect")
    idle_seconds: float = Field(30.0, gt=0, description="an unused connection of the proxy is closed after this time")
    max_connections: int = Field(512, ge=4, description="connections that the conductor serves at the same time")
    max_score_bytes: int = Field(4 * 1024 * 1024, ge=1024, description="the largest score")
    reader_seconds: float = Field(
        10.0, ge=0.5, le=600, description="the most processor time for one score, template, condition or pattern"
    )
    reader_memory_bytes: int = Field(
        1024**3, ge=256 * 1024**2, description="the most address space for one score, template, condition or pattern"
    )
    max_log_bytes: int = Field(
        1024**3, ge=256 * 1024, description="output kept per attempt and stream: the first 64 kB and the last part"
    )
    max_job_log_bytes: int = Field(
        4 * 1024**3, ge=1024**2, description="output kept for all attempts of a job together"
    )
    retention_days: float = Field(
        30.0,
        ge=0,
        description="ended jobs are deleted after this many days; 0 keeps them. A jump of the clock, or of a conductor that was "
        "off, by more than a day counts only once a day has been seen passing after it",
    )
    retention_newest: int = Field(
        10, ge=0, le=1000, description="of ended jobs so many, the last to end, are kept whatever their age"
    )
    retention_jobs: int = Field(0, ge=0, description="only this many ended jobs are kept, the last to end; 0 keeps all")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="level of the log on stderr")

    @model_validator(mode="before")
    @classmethod
    def _absolute_paths(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Make the paths absolute, and choose the socket's where none is given."""
        home = Path(values.get("home") or _default_home()).expanduser().absolute()
        socket = Path(values.get("socket") or _default_socket(home)).expanduser().absolute()
        return {**values, "home": home, "socket": socket}

    @property
    def places(self) -> Home:
        """The names inside the home."""
        return Home(self.home)

    @property
    def place_flags(self) -> list[str]:
        """Return the flags that lead a command to this home and socket in any shell."""
        home = [] if self.home == _default_home() else ["--home", str(self.home)]
        socket = [] if self.socket == _default_socket(self.home) else ["--socket", str(self.socket)]
        return [*home, *socket]

    @property
    def start_command(self) -> str:
        """Return the command that starts the conductor of this home and socket in any shell."""
        return shlex.join(["podium", "start", *self.place_flags])


def load(**flags: Any) -> Settings:
    """Read the settings; flags that are None count as not given.

    Raises:
        InvalidArguments: the file cannot be read, a value is out of bounds, a key is unknown or the socket path is too long.
    """
    variables = {name: os.environ.get(f"PODIUM_{name.upper()}") for name in Settings.model_fields}
    given = _from_file()
    for source in (variables, flags):
        given |= {name: value for name, value in source.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InvalidArguments(
            f"Setting {name}: {first['msg']}.",
            fix=f"Correct it in {config_file()}, the environment (PODIUM_...) or the flag.",
        ) from None
    if len(os.fsencode(settings.socket)) > SOCKET_PATH_LIMIT:
        raise InvalidArguments(
            f"The socket path {settings.socket} is longer than {SOCKET_PATH_LIMIT} bytes.",
            fix="Set PODIUM_SOCKET to a shorter path, for example under /tmp.",
        )
    return settings


def _from_file() -> dict[str, Any]:
    """Return what the settings file says; a file that is missing or empty says nothing."""
    file = config_file()
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InvalidArguments(
            f"The settings file {file} cannot be read: {error.strerror}.", fix="Correct it, or unset PODIUM_CONFIG."
        ) from None
    if not text.strip():
        return {}
    import yaml  # noqa: PLC0415  most homes have no settings file

    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise InvalidArguments(
            f"The settings file {file} is not valid YAML: {error}.", fix="Correct it, or remove the file."
        ) from None
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise InvalidArguments(
            f"The settings file {file} is not a mapping of setting names to values.",
            fix="Write one setting per line, for example `max_sheets: 8`.",
        )
    return found
