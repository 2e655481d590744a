"""Compiling the examples of the reference as a conductor would."""

from pathlib import Path

from podium.instruments.builtin import builtin_profiles
from podium.score.compile import compile_score
from podium.score.model.plan import Plan


def compiled_example(text: str, folder: Path) -> Plan:
    """Compile a score that lies in a folder, for a conductor with the instruments that come with it."""
    profiles = {name: profile.model_dump(mode="json") for name, profile in builtin_profiles().items()}
    return compile_score(text, path=folder / "score.yaml", cwd=folder, profiles=profiles, variables={}, workspace=None)
