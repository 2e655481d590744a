"""Every setting with its value here, where that comes from, and what the running conductor uses."""

import difflib
from typing import Any

from pydantic import Field

from podium.cli.shared import probe
from podium.cli.terminal.door import in_line, ink, line
from podium.contract.secrets.beside import without_named_secrets
from podium.contract.view import View
from podium.errors import InvalidArguments, PermissionDenied
from podium.places import config_file
from podium.settings import Loaded, Settings, Source, variable_of

_WHERE = ("home", "socket")  # these say which conductor is meant, so they cannot differ from it
_OWN = ("log_level",)  # each process has its own


class SettingView(View):
    """One setting. `running` is what the running conductor has, null where none runs; `differs` says that it is another value."""

    name: str  # of the setting, as in the settings file
    value: Any  # what a command that is run here takes
    default: Any  # what it is where nothing sets it
    source: Source  # where `value` comes from
    origin: str = ""  # the file, the variable or the flag that the value comes from
    description: str = ""  # what it is for, with its unit
    running: Any = None  # what the running conductor has, null where none is running
    differs: bool = False  # the running conductor has another value: restart it


class SettingsView(View):
    """The settings of a command that is run here, and of the running conductor."""

    file: str  # where the settings file is looked for
    file_exists: bool  # false: no file is needed
    conductor_pid: int | None = None  # of the running conductor
    settings: list[SettingView] = Field(default_factory=list)  # all of them


def all_settings(loaded: Loaded, name: str | None = None) -> SettingsView:
    """Return every setting, or the one of this name.

    Raises:
        InvalidArguments: there is no such setting.
    """
    names = list(Settings.model_fields)
    if name is not None and name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        fix = f"Did you mean {near[0]}?" if near else "`podium settings` lists them."
        raise InvalidArguments(f"There is no setting {name!r}.", fix=fix)
    pid, running = _running(loaded.settings)
    values = _without_secrets(loaded.settings.model_dump(mode="json"))
    defaults = Settings(home=loaded.settings.home).model_dump(mode="json")
    defaults["home"] = str(Settings().home)
    file = config_file()
    return SettingsView(
        file=str(file),
        file_exists=file.exists(),
        conductor_pid=pid,
        settings=[
            SettingView(
                name=each,
                value=values[each],
                default=defaults[each],
                source=loaded.source(each),
                origin=_origin(loaded.source(each), each, str(file)),
                description=Settings.model_fields[each].description or "",
                running=running.get(each),
                differs=each in running and each not in (*_WHERE, *_OWN) and running[each] != values[each],
            )
            for each in (names if name is None else [name])
        ],
    )


def _origin(source: Source, name: str, file: str) -> str:
    """Return the place of a value in words."""
    return {"default": "", "file": file, "environment": variable_of(name), "flag": f"--{name.replace('_', '-')}"}[
        source
    ]


def _running(settings: Settings) -> tuple[int | None, dict[str, Any]]:
    """Return the pid and the settings of the conductor that runs on this home."""
    try:
        found = probe.running(settings)
    except PermissionDenied:
        return None, {}
    return (found[0].pid, _without_secrets(probe.config(found[1]))) if found else (None, {})


def _without_secrets(values: dict[str, Any]) -> dict[str, Any]:
    """Return settings without the secrets that a command among them names."""
    return {name: without_named_secrets(each) if isinstance(each, str) else each for name, each in values.items()}


def show_settings(view: SettingsView, *, verbose: bool) -> None:
    """Print the settings in lines, and what to do about those that the running conductor does not use yet."""
    width = max(len("SETTING"), *(len(each.name) for each in view.settings))
    values = max(len(_shown(each.value)) for each in view.settings if each.name not in _WHERE or len(view.settings) < 3)
    if len(view.settings) > 1:
        ink([(f"{'SETTING':<{width}}  {'VALUE':<{min(values, 24)}}  FROM", "dim")])
    for each in view.settings:
        origin = each.origin if each.source == "file" else f"{each.source} {each.origin}".strip()
        line(f"{each.name:<{width}}  {_shown(each.value):<{min(values, 24)}}  {in_line(origin)}")
        if each.differs:
            line(f"{'':<{width}}  the running conductor has {_shown(each.running)}; restart it")
        if verbose:
            line(f"{'':<{width}}  {each.description}")
    if len(view.settings) > 1:
        state = "" if view.file_exists else " (there is none)"
        line(f"\nsettings file: {in_line(view.file)}{state}")
    differing = sum(each.differs for each in view.settings)
    if differing:
        line(
            f"The running conductor (pid {view.conductor_pid}) read its settings when it started: "
            f"`podium stop`, then `podium start` gives it these. What runs goes on."
        )


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return in_line(str(value))
