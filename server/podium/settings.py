"""Every setting on one page: defaults < settings file < environment (`PODIUM_...`) < flags.

The file is YAML, at `PODIUM_CONFIG` or `podium.yaml` in the user's config folder (`places.py`). An unknown key in it is an
error. The sources are read here, since pydantic-settings would take a quarter of the time that a conductor needs to start.
"""

import difflib
import errno
import os
import shlex
import stat
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from podium.cwd import absolute, expanded, is_utf8
from podium.errors import InvalidArguments
from podium.home import Home
from podium.places import config_file, default_home, default_socket, holder, only_home, recorded, usual_sockets
from podium.privacy.way import check_settings

OF_A_SHEET = frozenset(
    {"PODIUM_ATTEMPT_KEY", "PODIUM_JOB_ID", "PODIUM_SHEET", "PODIUM_ATTEMPT", "PODIUM_WORKSPACE"}
) | {f"PODIUM_{name}" for name in ("JOB_NAME", "JOB_STATUS", "JOB_REASON", "NOTIFICATION_ID")}
"""The variables that a sheet gets, and a command that tells of a job's end; no settings."""
JOB_LIMITS = (
    "max_sheets_per_agent",
    "max_score_bytes",
    "reader_seconds",
    "reader_memory_bytes",
    "max_log_bytes",
    "max_job_log_bytes",
    "grace_seconds",
    "stuck_seconds",
    "retention_days",
    "retention_newest",
    "retention_jobs",
    "notify_seconds",
)
"""The settings that limit what a job may use or how long it is kept, for callers to know in advance."""
NOBODY = 0  # no process has this pid
MOST_BYTES = 1024 * 1024  # of a settings file
_PATHS = ("home", "socket", "env_file", "slurm_folder")
SOCKET_PATH_LIMIT = 107  # bytes; sun_path of Linux less its NUL


class Where(NamedTuple):
    """Where a client looks for its conductor, the likeliest first, and by what it knows it: one of both, or else any will do."""

    sockets: list[Path]
    home_id: str = ""
    pid: int | None = None

    def knows(self, home_id: str, pid: int) -> bool:
        """Return whether a conductor with this home and pid is the one that is looked for."""
        return home_id == self.home_id if self.home_id else self.pid in {None, pid}


class Settings(BaseModel):
    """Where Podium keeps things and how much it does at once. Times are in seconds, sizes in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(default_factory=default_home, description="folder for the conductor's state")
    socket: Path = Field(
        default_factory=lambda given: default_socket(given.get("home", Path())),
        description="Unix socket of the conductor, which may be a foreign one",
    )
    max_sheets: int = Field(16, ge=1, le=1000, description="sheets that may run at the same time on this machine")
    max_sheets_per_agent: int = Field(4, ge=1, le=1000, description="sheets at the same time per agent instrument")
    engine: Literal["local", "slurm"] = Field(
        "local", description="where sheets run whose score does not say it: on this machine, or on a Slurm cluster"
    )
    cpus: int = Field(
        0, ge=0, description="processors to share out among sheets that ask for some; 0: those of this machine"
    )
    memory_bytes: int = Field(
        0, ge=0, description="memory to share out among sheets that ask for some; 0: that of this machine"
    )
    gpus: int | None = Field(
        None,
        ge=0,
        le=64,
        description="GPUs to give out to sheets that ask for some, numbered from 0; unset: those that are found",
    )
    slurm_folder: Path | None = Field(
        None,
        description="folder that every node of the cluster sees under the same path, for what sheets there need and leave; "
        "unset: the folder cluster in the home",
    )
    slurm_python: str = Field(
        "python3",
        min_length=1,
        description="Python 3.8 or newer on the nodes of the cluster: a name in PATH, or a path",
    )
    slurm_sheets: int = Field(
        1000, ge=1, le=10_000, description="sheets that may be on the cluster at the same time, its queue included"
    )
    slurm_reuse_seconds: float = Field(
        60.0,
        ge=0,
        le=3600,
        description="for so long after its start a Slurm job takes further sheets of the same job that need the same; where "
        "they say no time, for a sixtieth of what their partition gives them at most; 0: each sheet is a Slurm job of its own",
    )
    slurm_ask_seconds: float = Field(
        3.0,
        ge=0.1,
        le=300,
        description="between two questions to Slurm at least (squeue); while nothing changes, five times as long",
    )
    hold_running: bool = Field(
        False,
        description="a pause suspends the running sheets where they are, if their engine can, and a resume lets them go on; "
        "without it, and for those that cannot be suspended, a pause takes effect when they have ended",
    )
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
    score_profiles: Literal["warn", "allow", "refuse"] = Field(
        "warn",
        description="what to do about a score whose folder replaces a known instrument, or brings along the program of one",
    )
    env_file: Path | None = Field(
        None,
        description="file of NAME=value lines for {from_env: NAME} in scores; nobody else may be able to read it (mode 600)",
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
    notify: str = Field(
        "",
        description="bash commands to run when a job has ended, or waits for an approval and cannot go on; the facts are in "
        "PODIUM_... variables and as JSON on stdin. A score can have its own, on_end",
    )
    notify_seconds: float = Field(
        60.0, gt=0, le=86400, description="the longest time for notify, and for on_end of a score; then it is ended"
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="level of the log on stderr")

    @model_validator(mode="before")
    @classmethod
    def _without_empty_paths(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if value or name not in _PATHS}

    @field_validator(*_PATHS)
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return expanded(path).absolute() if path else None

    @property
    def places(self) -> Home:
        """The names inside the home."""
        return Home(self.home)

    @property
    def cluster(self) -> Path:
        """The folder that the nodes of the cluster see."""
        return self.slurm_folder or self.places.cluster

    @property
    def socket_given(self) -> bool:
        """Whether the user named the socket; otherwise clients look where the home's conductor says that it listens."""
        return "socket" in self.model_fields_set

    @property
    def flags(self) -> list[str]:
        """The flags that lead a program that has only HOME in its environment to the same home and socket."""
        home = [] if self.home == default_home(only_home()) else ["--home", str(self.home)]
        socket = [] if self.socket == default_socket(self.home) else ["--socket", str(self.socket)]
        return [*home, *socket]

    @property
    def start_command(self) -> str:
        """The command that starts the conductor of this home and socket in any shell."""
        return shlex.join(["podium", "start", *self.flags])

    def where(self) -> Where:
        """Return where this home's conductor may listen: only there where that was given.

        Raises:
            PermissionDenied: another user could have written what the home says.
        """
        return Where([self.socket]) if self.socket_given else self.home_sockets()

    def home_sockets(self) -> Where:
        """Return where this home's conductor may listen, whatever socket was given. Raises as `where`."""
        found = recorded(self.home)
        sockets = [*([found.socket] if found else []), default_socket(self.home), *usual_sockets(self.home)]
        own = Where(list(dict.fromkeys(sockets)))
        return own._replace(home_id=found.home_id) if found else own._replace(pid=holder(self.home) or NOBODY)


Source = Literal["default", "file", "environment", "flag"]


class Loaded(NamedTuple):
    """The settings, and where the value of each one that has not its default comes from."""

    settings: Settings
    sources: dict[str, Source]

    def source(self, name: str) -> Source:
        """Return where the value of a setting comes from."""
        is_given = name in self.settings.model_fields_set  # an empty path counts as none
        return self.sources.get(name, "default") if is_given else "default"


def load(**flags: Any) -> Settings:
    """Read the settings; flags that are None count as not given. Raises as `load_all`."""
    return load_all(**flags).settings


def load_all(**flags: Any) -> Loaded:
    """Read the settings as `load` does, and say where each comes from.

    Raises:
        InvalidArguments: the file cannot be read, a value is out of bounds, a key is unknown, the socket path is too long, or
            a path is relative to a folder that was removed.
        PermissionDenied: another user can write the file.
    """
    variables = {name: os.environ.get(variable_of(name)) for name in Settings.model_fields}
    given = _from_file()
    sources: dict[str, Source] = dict.fromkeys(given, "file")
    ways: tuple[tuple[Source, dict[str, Any]], ...] = (("environment", variables), ("flag", flags))
    for source, values in ways:
        found = {name: value for name, value in values.items() if value is not None}
        given |= found
        sources |= dict.fromkeys(found, source)
    for name in _PATHS:
        if isinstance(given.get(name), str | Path) and str(given[name]).strip():
            given[name] = absolute(expanded(Path(given[name])), f"Setting {name}:")
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise _wrong(error) from None
    for name, path in (("home", settings.home), ("socket", settings.socket)):
        if not is_utf8(path):
            raise InvalidArguments(
                f"Setting {name}: {str(path)!r} is not UTF-8.", fix="Rename it, or choose another place."
            )
    if len(os.fsencode(settings.socket)) > SOCKET_PATH_LIMIT:
        raise InvalidArguments(
            f"The socket path {settings.socket} is longer than {SOCKET_PATH_LIMIT} bytes.",
            fix="Set PODIUM_SOCKET to a shorter path, for example under /tmp.",
        )
    return Loaded(settings, sources)


def _wrong(error: ValidationError) -> InvalidArguments:
    """Return the error of the first wrong setting. One that does not exist can only come from the file."""
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return InvalidArguments(
            f"Setting {name}: {first['msg']}.",
            fix=f"Correct it in {config_file()}, the environment (PODIUM_...) or the flag.",
        )
    near = difflib.get_close_matches(name, Settings.model_fields, n=1)
    meant = f"did you mean {near[0]}?" if near else "`PODIUM_CONFIG=/dev/null podium settings` lists all."
    return InvalidArguments(f"There is no setting {name!r}.", fix=f"Correct it in {config_file()}; {meant}")


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"PODIUM_{name.upper()}"


def _from_file() -> dict[str, Any]:
    """Return what the settings file says. One that is empty says nothing, nor does one that is missing where none was named."""
    file = config_file()
    try:
        text = _read(file)
    except FileNotFoundError:
        if not os.environ.get("PODIUM_CONFIG"):
            return {}
        raise InvalidArguments(
            f"The settings file {file}, which PODIUM_CONFIG names, does not exist.",
            fix="Correct PODIUM_CONFIG, or unset it; PODIUM_CONFIG=/dev/null stands for no settings.",
        ) from None
    except OSError as error:
        raise InvalidArguments(
            f"The settings file {file} cannot be read: {error.strerror}.",
            fix="Make it a file that you can read, or correct PODIUM_CONFIG or HOME, which say where it is.",
        ) from None
    check_settings(file)
    if len(text) > MOST_BYTES:
        raise InvalidArguments(
            f"The settings file {file} is larger than {MOST_BYTES} bytes.", fix="Correct PODIUM_CONFIG, or unset it."
        )
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


def _read(file: Path) -> bytes:
    """Return the beginning of a file, more than is allowed where there is more; never wait for somebody to write it.

    Raises:
        OSError: it cannot be read, or is a pipe.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as opened:  # noqa: PTH123 a descriptor, not a path
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "It is a pipe, not a file")
        return opened.read(MOST_BYTES + 1) or b""
