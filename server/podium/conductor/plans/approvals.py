"""What a score asks an approval of is told in reasons and events, so it is stored without secrets."""

from collections.abc import Callable
from dataclasses import replace

from podium.conductor.rules.plans import LoadedPlan, hash_of
from podium.score.model.plan import dump_plan


def hidden(loaded: LoadedPlan, hide: Callable[[str], str], source: str) -> LoadedPlan:
    """Return the plan of the score `source` with no secret in what its sheets hold for: almost always the same plan."""
    texts = {text: hide(text) for text in {sheet.hold for sheet in loaded.plan.sheets} - {""}}
    if all(text == shown for text, shown in texts.items()):
        return loaded
    sheets = tuple(replace(sheet, hold=texts.get(sheet.hold, "")) for sheet in loaded.plan.sheets)
    plan = loaded.plan.model_copy(update={"sheets": sheets})
    text = dump_plan(plan)
    return LoadedPlan(hash_of(text, source), plan, source, text)
