"""Which job the demo runs: the audit of this repository in a clone, or else that of the installation. Both are real work."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from podium.cwd import absolute

IN_A_CLONE = Path("examples/release-audit/release-audit.yaml")
ITS_TOOLS = ("build", "hatchling", "pytest", "ruff")


@dataclass(frozen=True)
class DemoJob:
    """A job, and which of its sheets is read while it runs."""

    what: str
    """What it works on, in words."""
    score: str
    """The path of its score, as it is given to the tools."""
    variables: Mapping[str, str]
    watched: str
    written: str
    """What the watched sheet writes when it is under way."""


def job_here() -> DemoJob:
    """Return the job of the clone that is the current folder if its tools are installed, or else that of the installation."""
    score = absolute(IN_A_CLONE, "The score")
    if score.is_file() and all(find_spec(tool) for tool in ITS_TOOLS):
        repository = score.parents[2]
        return DemoJob(
            f"the repository {repository}", str(IN_A_CLONE), {"repository": str(repository)}, "tests", "PASSED"
        )
    here, packages = Path(__file__), Path(__file__).parents[4]
    return DemoJob(
        f"the Podium that is installed in {packages}",
        str(here.with_name("installation-audit.yaml")),
        {"python": sys.executable, "audit": str(here.with_name("audit.py"))},
        "loading",
        "loads",
    )
