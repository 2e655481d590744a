"""The environment of a sheet for people: beside what this shell has, which is not what sheets get."""

import os
from collections.abc import Mapping
from pathlib import Path

from podium.cli.jobs.finding import find
from podium.cli.jobs.scores import STDIN, given_score
from podium.cli.terminal.door import in_line, ink, line
from podium.cli.terminal.states import some
from podium.client.job_control import job_control
from podium.contract.secrets.beside import hidden_value
from podium.contract.sheet_env import EnvParams, EnvVariable, EnvView
from podium.settings import Settings

_OF_A_SHELL = frozenset({"_", "SHLVL", "PWD", "OLDPWD", "COLUMNS", "LINES", "PS1", "TERM_SESSION_ID"})
_SCORES = (".yaml", ".yml")
_HERE = 8  # variables of this shell that are named
_FROM = {
    "conductor": "conductor",
    "instrument": "instrument",
    "score": "score",
    "start": "start",
    "sheet": "sheet",
    "podium": "Podium",
}


async def ask(settings: Settings, of: str | None, sheet: str | None) -> EnvView:
    """Return the environment that a sheet of a score or a job would get; `env_pass` of a score that is not started from here.

    Raises:
        PodiumError: as `JobControlService.environment`, and `find` for a job.
    """
    async with job_control(settings) as control:
        if of is None:
            return await control.environment(EnvParams())
        if _is_score(of):
            given = given_score(of)
            call = EnvParams(config_path=given.path, config_content=given.content, sheet=sheet)
            found = await control.environment(call)
            return found.model_copy(update={"variables": list(map(_from_here, found.variables))})
        return await control.environment(EnvParams(job_id=(await find(control, of)).job_id, sheet=sheet))


def _is_score(word: str) -> bool:
    return word == STDIN or word.endswith(_SCORES) or Path(word).is_file()


def _from_here(variable: EnvVariable) -> EnvVariable:
    """Return a variable that a start from this shell would bring along with what is here: its value counts as a secret."""
    value = os.environ.get(variable.name)
    if variable.source != "start" or value is None:
        return variable
    from podium.contract.secrets.names import is_place

    shown = value if is_place(value) else f"[value of {variable.name}]"
    return variable.model_copy(update={"value": shown, "missing": False, "hidden": shown != value})


def show(view: EnvView, here: Mapping[str, str] = os.environ) -> None:
    """Print one variable a line: a mark where this shell differs (`here`), name, source, value; then what is worth a note."""
    notes = {each.name: _difference(each, here) for each in view.variables}
    name = max((len(each.name) for each in view.variables), default=0)
    source = max((len(_source(each)) for each in view.variables), default=0)
    if view.variables:
        ink([(f"  {'VARIABLE':<{name}}  {'FROM':<{source}}  VALUE", "dim")])
    for each in view.variables:
        note = notes[each.name]
        line(f"{'≠' if note else ' '} {in_line(each.name):<{name}}  {_source(each):<{source}}  {_value(each)}")
        if note and each.name in {"PATH", "VIRTUAL_ENV"}:
            line(f"  {'':<{name}}  {'':<{source}}  {note}")
    if any(notes.values()):
        line("\n≠ this shell has another value: sheets get the conductor's environment, as it was when it started.")
    if view.own_total and not view.sheet:
        line(
            f"Sheets with variables of their own: {some(view.own, view.own_total)}. `podium env ... SHEET` shows them."
        )
    missing = sorted(set(here) - {each.name for each in view.variables} - _OF_A_SHELL)
    if missing:
        line(f"In this shell and not for sheets: {_names(missing)}.")


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _HERE} more" if len(names) > _HERE else ""
    return in_line(", ".join(names[:_HERE]) + more)


def _difference(variable: EnvVariable, environment: Mapping[str, str]) -> str:
    """Return how this shell differs from a variable of the conductor, "" if it does not, or a secret is in the way."""
    if variable.source != "conductor" or variable.hidden or variable.name in _OF_A_SHELL:
        return ""
    here = environment.get(variable.name)
    if here is None:
        return "here: not set"
    if here == variable.value or hidden_value(variable.name, here) or variable.value.endswith("…"):
        return ""
    return in_line(f"here: {here}")


def _source(variable: EnvVariable) -> str:
    over = f" over {_FROM[variable.replaces]}" if variable.replaces else ""
    return f"{_FROM[variable.source]}{over}"


def _value(variable: EnvVariable) -> str:
    if variable.missing:
        where = f" (from_env: {variable.variable})" if variable.variable else ": the start has to bring it"
        return f"has no value{where}"
    if variable.known_later:
        return "set when the sheet starts"
    return in_line(variable.value)
