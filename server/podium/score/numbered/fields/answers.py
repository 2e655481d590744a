"""Keys of the original that nothing is done with: without effect here, or refused unless they are off.

The keys, and what they do if they say nothing of it, are those of the original's public configuration reference.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from podium.score.text.reading import Keys


def _is_false(value: Any) -> bool:
    """Return whether a value means no. YAML's older words for it count too."""
    return value is None or value is False or str(value).lower() in {"false", "no", "off"}


def _off(value: Any) -> bool:
    """Return whether a block is off that is on only if it says so."""
    return _is_false(value) or (isinstance(value, dict) and _is_false(value.get("enabled", False)))


def _off_if_said(value: Any) -> bool:
    """Return whether a block is off that is on unless it says so."""
    return _is_false(value) or (isinstance(value, dict) and _is_false(value.get("enabled", True)))


def _no_worktree(value: Any) -> bool:
    return _off(value) or (isinstance(value, dict) and value.get("mode") == "none")


def _no_specifications(value: Any) -> bool:
    return _is_false(value) or (isinstance(value, dict) and not value.get("spec_dir"))


def _empty(value: Any) -> bool:
    return _is_false(value) or value == []


@dataclass(frozen=True)
class Refused:
    """Why a key is refused, and when it asks for nothing."""

    reason: str
    is_off: Callable[[Any], bool] = _off


REFUSED: Mapping[Keys, Refused] = {
    ("learning",): Refused("Podium does not learn from earlier runs; write enabled: false", _off_if_said),
    ("isolation",): Refused(
        "sheets run in the workspace itself; make the worktree in a sheet of its own: git worktree add", _no_worktree
    ),
    ("notifications",): Refused(
        "the conductor sends nothing itself; write on_end: {run: COMMAND}, which runs when the job has ended", _empty
    ),
    ("concert",): Refused(
        "a score does not start another one; have on_end or the caller run the next: podium run -d FILE"
    ),
    ("grounding",): Refused("Podium does not compare files with checksums; write a validation: command_succeeds"),
    ("ai_review",): Refused("Podium does not review with an agent by itself; write a sheet that reviews"),
    ("checkpoints",): Refused("only a named score can wait for an approval; there a sheet has hold"),
    ("feedback",): Refused("Podium takes nothing out of what agents write; read it with read_job_log"),
    ("bridge",): Refused(
        "Podium serves no models and no tools to them; configure them in the instrument's own settings"
    ),
    ("spec",): Refused(
        "Podium has no library of specifications; give the files with sheet.prelude", _no_specifications
    ),
}
"""Keys that are refused unless they are off."""

WITHOUT_EFFECT: Mapping[Keys, str] = {
    ("workspace_lifecycle",): "nothing is archived; what a workspace holds stays",
    ("state_backend",): "the conductor keeps its state itself",
    ("state_path",): "the conductor keeps its state itself",
    ("logging",): "the conductor's settings say how it logs",
    ("circuit_breaker",): "one job's failures do not block another",
    ("conductor",): "nothing here depends on it",
    ("sheet", "spec_tags"): "there are no specifications to choose from",
    ("sheet", "fan_out_stage_map"): "fan_out already says it",
    ("backend", "max_output_capture_bytes"): "the conductor's settings limit outputs",
    ("parallel", "budget_partition"): "costs are counted for the whole job",
    ("rate_limit", "max_quota_waits"): "max_waits counts all waits",
    ("stale_detection", "check_interval_seconds"): "output is watched all the time",
    ("cost_limits", "cost_per_1k_input_tokens"): "instruments say what they cost",
    ("cost_limits", "cost_per_1k_output_tokens"): "instruments say what they cost",
    ("cost_limits", "warn_at_percent"): "get_job shows the cost at any time",
}
"""Keys that change nothing about what a job does, and why."""
