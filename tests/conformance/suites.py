"""Running an official conformance suite against a server, and reading what it found."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.node import MODULES, run

RUN_SECONDS = 280
_FOLDER = re.compile(r"server-(?P<scenario>.+)-\d{4}-\d\d-\d\dT[\d-]+Z")

Failures = dict[str, list[str]]
"""Scenario -> the checks of it that failed; every scenario that ran is there."""


@dataclass(frozen=True)
class Suite:
    """A package of scenarios, and which of them to run."""

    package: str
    words: tuple[str, ...]
    scenarios: int  # that it runs; fewer would mean that the suite broke off

    def failures(self, url: str, folder: Path) -> Failures:
        """Run the suite; its results are left in the folder."""
        program = MODULES / self.package / "dist" / "index.js"
        done = run([str(program), "server", "--url", url, *self.words, "-o", str(folder)], seconds=RUN_SECONDS)
        found = dict(_read(each) for each in sorted(folder.iterdir()) if (each / "checks.json").is_file())
        assert len(found) == self.scenarios, f"{len(found)} scenarios ran:\n{done.stdout}\n{done.stderr}"
        return found


SUITES = {
    "0.1.16, all": Suite("conformance-2025", ("--suite", "all"), 32),
    "0.2.0-alpha.12, 2025-11-25": Suite("conformance-2026", ("--requirements", "2025-11-25"), 33),
    "0.2.0-alpha.12, 2026-07-28": Suite("conformance-2026", ("--requirements", "2026-07-28"), 50),
}


def _read(folder: Path) -> tuple[str, list[str]]:
    named = _FOLDER.fullmatch(folder.name)
    assert named, folder.name
    checks = json.loads((folder / "checks.json").read_text(encoding="utf-8"))
    return named["scenario"], sorted({check["id"] for check in checks if check["status"] == "FAILURE"})
