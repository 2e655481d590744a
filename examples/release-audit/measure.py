"""Measure the source tree of a repository and say whether it has changed since the first measurement.

Writes measure.json into the working directory. The first run in a job finds no baseline of that job: it writes one and
cannot compare. Every later run compares.
"""

import ast
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

PARTS = ("server", "tools", "tests", "examples")
BASELINE = Path(f"baseline-{os.environ.get('PODIUM_JOB_ID', 'by-hand')}.json")


def measure(path: Path) -> dict[str, int]:
    """Return the files, lines and functions below a folder."""
    texts = [file.read_text(encoding="utf-8") for file in sorted(path.rglob("*.py"))]
    functions = sum(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for text in texts for node in ast.walk(ast.parse(text))
    )
    return {"files": len(texts), "lines": sum(len(text.splitlines()) for text in texts), "functions": functions}


def fingerprint(repository: Path) -> str:
    """Return one hash over the name and content of every measured file."""
    digest = hashlib.sha256()
    for part in PARTS:
        for file in sorted((repository / part).rglob("*.py")):
            digest.update(f"{file.relative_to(repository)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def main(repository: Path) -> None:
    """Write measure.json, and the baseline when there is none."""
    found: dict[str, Any] = {
        "changed_since_baseline": None,
        "fingerprint": fingerprint(repository),
        "parts": {part: measure(repository / part) for part in PARTS},
    }
    if BASELINE.exists():
        baseline = json.loads(BASELINE.read_text(encoding="utf-8"))
        found["changed_since_baseline"] = baseline["fingerprint"] != found["fingerprint"]
        print(f"compared with the baseline: changed = {found['changed_since_baseline']}")
    else:
        BASELINE.write_text(json.dumps(found), encoding="utf-8")
        print("nothing to compare with: wrote the baseline")
    Path("measure.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
