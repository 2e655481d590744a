"""Refusals in the form of the Marianne protocol: results, not errors, with our facts beside its members."""

from typing import Any

from podium.errors import PodiumError


def facts(error: PodiumError) -> dict[str, Any]:
    """Return what every refusal carries: the tools' code, the state, the allowed actions, the fix and a score's problems."""
    return {"code": error.code, "fix": error.fix, "retryable": error.retryable, **error.facts}


def rejected(error: PodiumError, job_id: str = "") -> dict[str, Any]:
    """Return the reply of a refused submit, resume or modify."""
    return {"job_id": job_id, "status": "rejected", "message": error.message, **facts(error)}
