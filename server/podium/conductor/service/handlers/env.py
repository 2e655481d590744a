"""`job.env`: what a sheet would get as its environment. No value that may be a secret leaves the conductor for this."""

import os
from collections.abc import Iterator, Mapping

from podium.conductor.attempts import gpus
from podium.conductor.attempts.values import Known
from podium.conductor.plans import given
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.service.context import Context
from podium.contract.secrets.beside import hidden_value, without_named_secrets
from podium.contract.secrets.names import is_place
from podium.contract.sheet_env import EnvParams, EnvSource, EnvVariable, EnvView
from podium.errors import InvalidArguments
from podium.instruments.variables import filled, named_in
from podium.score.model.plan import RESERVED_ENV, PlanSheet
from podium.texts.cleaning import clean_text
from podium.wire.dispatcher import Peer

KEY = "PODIUM_ATTEMPT_KEY"  # the mark by which the processes of an attempt are known
VALUE_CHARS = 8000  # shown of a value
OWN_SHOWN = 20  # sheets that are named


async def handle(context: Context, params: EnvParams, peer: Peer) -> EnvView:
    """Answer the variables as an attempt would get them, those later in the order of `_layers` over those before.

    Raises:
        ScoreInvalid and others: as `job.validate`. JobNotFound. InvalidArguments: no such sheet, or it is unclear of what.
    """
    has_score = params.config_path is not None or params.config_content is not None
    if params.job_id is not None and has_score:
        raise InvalidArguments("A job and a score are given.", fix="Give only one of them.")
    if params.job_id is not None:
        row = await context.queries.job(params.job_id)
        loaded = await context.loader.plan(given.latest(row).digest)
        known = await context.values.of(params.job_id, loaded)
        return _view(loaded, known, params, row["job_id"], row["workspace"])
    if not has_score:
        if params.sheet not in {None, ""}:
            raise InvalidArguments("A sheet is given without its job or score.", fix="Give job_id, or the score.")
        known = context.values.own
        return EnvView(variables=_merged(_base(known)))
    score = await given.read(
        params, max_bytes=context.settings.max_score_bytes, variables=params.variables, workspace=params.workspace
    )
    loaded = (await context.compiler.prepare(score, lambda _: None, client=peer)).loaded
    return _view(loaded, await context.values.of("", loaded), params, "", loaded.plan.workspace or "")


def _view(loaded: LoadedPlan, known: Known, params: EnvParams, job_id: str, workspace: str) -> EnvView:
    num = loaded.sheet_number(params.sheet)
    sheet = None if num is None else loaded.plan.sheet(num)
    layers = _layers(loaded, known, sheet, job_id, workspace)
    own = [each.label for each in loaded.plan.sheets if each.env or each.env_from]
    return EnvView(
        variables=_merged(layers),
        job_id=job_id,
        job_name=loaded.plan.name,
        sheet=sheet.label if sheet else "",
        own=own[:OWN_SHOWN],
        own_total=len(own),
    )


def _base(known: Known) -> Iterator[EnvVariable]:
    yield from (_shown(name, value, "conductor", known) for name, value in os.environ.items())


def _layers(
    loaded: LoadedPlan, known: Known, sheet: PlanSheet | None, job_id: str, workspace: str
) -> Iterator[EnvVariable]:
    """Yield the variables in the order in which each replaces one of its name: as `LiveAttempt.env` puts them together."""
    plan = loaded.plan
    yield from _base(known)
    if sheet is not None and sheet.instrument in loaded.instruments:
        profile = loaded.instruments[sheet.instrument]
        yield from (_shown(name, value, "instrument", known) for name, value in profile.env.items())
        yield from (_expanded(name, text, known) for name, text in profile.env_expanded.items())
    yield from _given(plan.env, plan.env_from, "score", known)
    for name in plan.env_pass:
        value = known.passed.get(name)
        hidden = value is not None and not is_place(value)
        shown = f"[value of {name}]" if hidden else _cut(value or "")
        yield EnvVariable(name=name, value=shown, source="start", hidden=hidden, missing=value is None)
    if sheet is not None:
        yield from _given(sheet.env, sheet.env_from, "sheet", known)
    if sheet is not None and sheet.engine == "local" and plan.resources[sheet.resources].gpus:
        yield from (EnvVariable(name=name, value="", source="podium", known_later=True) for name in gpus.VISIBLE)
        yield from (EnvVariable(name=name, value=value, source="podium") for name, value in gpus.ORDER.items())
    facts = {"PODIUM_JOB_ID": job_id, "PODIUM_SHEET": sheet.label if sheet else "", "PODIUM_WORKSPACE": workspace}
    for name in sorted({*RESERVED_ENV, KEY}):
        value = facts.get(name, "")
        yield EnvVariable(name=name, value=_cut(value), source="podium", known_later=not value)


def _given(
    values: Mapping[str, str], looked_up: Mapping[str, str], source: EnvSource, known: Known
) -> Iterator[EnvVariable]:
    yield from (_shown(name, value, source, known) for name, value in values.items())
    for name, variable in looked_up.items():
        missing = variable not in known.named
        yield EnvVariable(
            name=name,
            value="" if missing else f"[value of {variable}]",
            source=source,
            variable=variable,
            hidden=not missing,
            missing=missing,
        )


def _expanded(name: str, text: str, known: Known) -> EnvVariable:
    """Return a variable of an instrument, in which those of the conductor are shown as far as they are places."""
    sources = named_in(text)
    if missing := [each for each in sources if each not in known.named]:
        return EnvVariable(name=name, source="instrument", variable=missing[0], missing=True)
    secret = [each for each in sources if not is_place(known.named[each])]
    value = filled(text, lambda each: f"[value of {each}]" if each in secret else known.named[each])
    shown = _shown(name, value, "instrument", known)
    return shown.model_copy(update={"variable": ", ".join(sources), "hidden": shown.hidden or bool(secret)})


def _shown(name: str, value: str, source: EnvSource, known: Known) -> EnvVariable:
    """Return a variable whose value is shown as far as it is no secret."""
    text = value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if hidden_value(name, text):
        return EnvVariable(name=name, value=f"[value of {name}]", source=source, hidden=True)
    seen = without_named_secrets(known.masker(clean_text(known.masker(text))))
    return EnvVariable(name=name, value=_cut(seen), source=source, hidden=seen != clean_text(text))


def _cut(value: str) -> str:
    return value if len(value) <= VALUE_CHARS else f"{value[:VALUE_CHARS]}…"


def _merged(layers: Iterator[EnvVariable]) -> list[EnvVariable]:
    """Return the variables that count, by name, each with the source of the last one that it replaces."""
    found: dict[str, EnvVariable] = {}
    for each in layers:
        before = found.get(each.name)
        found[each.name] = each if before is None else each.model_copy(update={"replaces": before.source})
    return [found[name] for name in sorted(found)]
