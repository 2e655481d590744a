"""What is said of keys that a numbered score may have and that nothing is done with: refused, or without effect here."""

from podium.score.text.reading import Keys

UNSUPPORTED: dict[Keys, str] = {
    ("learning",): "Podium does not learn from earlier runs; remove it",
    ("isolation",): "sheets run in the workspace itself, without a worktree; remove it",
    (
        "notifications",
    ): "the conductor sends nothing itself; write on_end: {run: COMMAND}, which runs when the job has ended",
    ("concert",): "a score cannot start another score; remove this key",
    ("circuit_breaker",): "a score does not control how failing instruments are handled; remove it",
    ("sheet", "spec_tags"): "Podium has no library of specifications; remove it",
}
"""Reasons for keys that are refused unless their value switches them off."""
