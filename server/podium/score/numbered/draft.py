"""A numbered score becomes a draft."""

from pathlib import Path
from typing import Any

from podium.score.foreign import foreign_keys
from podium.score.model.draft import Draft
from podium.score.numbered import running
from podium.score.numbered.fields.answers import REFUSED, WITHOUT_EFFECT
from podium.score.numbered.fields.score import NumberedScore
from podium.score.numbered.stages import Stages
from podium.score.numbered.unused import reject
from podium.score.parts import PartBuilder
from podium.score.text.reading import Keys, Words, read_block
from podium.texts.letters import all_visible

DEFAULT_TIMEOUT_SECONDS = 1800.0

_MEANT: dict[Keys, str] = {
    **{(key,): instead for key, instead in foreign_keys().items()},
    **dict.fromkeys(
        [("hold",), ("approval",), ("manual",), ("pause",), ("sheet", "hold")],
        "only a sheet of a named score can wait for an approval, with hold",
    ),
    **dict.fromkeys(
        [("resources",), ("engine",), ("cpus",), ("cpu",), ("memory",), ("mem",), ("gpus",), ("gpu",), ("time",)],
        "only a named score can ask for processors, memory or GPUs, with resources, and say where it runs, with engine",
    ),
    ("env",): "set variables in the template with export",
}
_WORDS = Words(elsewhere=frozenset({*REFUSED, *WITHOUT_EFFECT}), meant=_MEANT)


def read_numbered(data: Any, parts: PartBuilder, path: Path | None) -> Draft:
    """Read the numbered dialect; everything that is wrong becomes a problem."""
    problems = parts.problems
    score = read_block(NumberedScore, data, problems, _WORDS)
    reject(data, problems)
    sheet, parallel = score.sheet, score.parallel
    for key in ("name", "prompt"):
        if key not in data:
            problems.add((key,), f"the score needs {key}")
    for key in ("size", "total_items"):
        if getattr(sheet, key) is None and not problems.under(("sheet",)):
            problems.add(("sheet", key), f"sheet needs {key}")
    stages = Stages(score, parts).stages()
    chain = not sheet.dependencies and all(len(stage.instances) == 1 for stage in stages)
    if parallel.enabled and chain and len(stages) > 1:
        problems.note(
            "the sheets run one after another, because none has dependencies; sheet.dependencies: {1: []} runs them in parallel.",
            ("parallel", "enabled"),
        )
    return Draft(
        dialect="numbered",
        name=score.name or (path.stem if path and all_visible(path.stem) else "score"),
        description=score.description or "",
        workspace=score.workspace,
        variables=parts.variables(("prompt", "variables"), score.prompt.variables),
        variables_loc=("prompt", "variables"),
        stages=stages,
        max_concurrent=parallel.max_concurrent if parallel.enabled else 1,
        fail_fast=parallel.enabled and parallel.fail_fast,
        stagger_delay_ms=parallel.stagger_delay_ms,
        pause_between_sheets_seconds=score.pause_between_sheets_seconds,
        default_timeout_seconds=DEFAULT_TIMEOUT_SECONDS,
        cross_sheet=parts.cross_sheet(score.cross_sheet),
        on_end=parts.on_end(("on_end",), score.on_end),
        on_success=running.on_success(score, parts),
        stakes=score.prompt.stakes or "",
        thinking_method=score.prompt.thinking_method or "",
        rate_limit=running.rate_limit(score, parts),
        cost_limits=running.cost_limits(score, parts, stages),
        stale_seconds=running.stale_seconds(score, parts),
    )
