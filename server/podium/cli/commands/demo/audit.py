"""What the sheets of `installation-audit.yaml` run in the workspace: `python -P audit.py CHECK`."""

import ast
import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import podium
import podium_tools
from podium.cli.terminal.door import line

PACKAGES = {package.__name__: Path(next(iter(package.__path__))) for package in (podium, podium_tools)}
BASELINE = Path(f"baseline-{os.environ.get('PODIUM_JOB_ID', 'by-hand')}.json")
LOAD_SECONDS = 60


def where() -> None:
    """Print the folder of a package."""
    line(str(PACKAGES[sys.argv[2]]))


def integrity() -> None:
    """Compare every file with what the installer wrote down of it."""
    try:
        files = distribution("podium-mcp").files or []
    except PackageNotFoundError:
        files = []
    checked = [file for file in files if file.hash and file.hash.mode == "sha256"]
    changed = [str(file) for file in checked if file.hash and _sum(Path(str(file.locate()))) != file.hash.value]
    line(f"{len(checked)} files compared, {len(changed)} changed")
    _write("integrity.json", {"files": len(checked), "changed": changed})


def loading() -> None:
    """Load each part in an interpreter of its own, and say how long that takes."""
    parts = [f"podium.{path.parent.name}" for path in sorted(PACKAGES["podium"].glob("*/__init__.py"))]
    seconds: dict[str, float] = {}
    broken = []
    for part in (*parts, "podium_tools"):
        began = time.monotonic()
        command = [sys.executable, "-P", "-c", f"import {part}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LOAD_SECONDS)  # noqa: S603
        seconds[part] = round(time.monotonic() - began, 2)
        line(f"{part} loads in {seconds[part]} s" if done.returncode == 0 else f"{part} is broken:\n{done.stderr}")
        sys.stdout.flush()
        broken += [part] if done.returncode else []
    _write("loading.json", {"seconds": seconds, "broken": broken})


def measure() -> None:
    """Measure the packages and say whether they have changed since the first measurement of this job."""
    sizes, digest = {}, hashlib.sha256()
    for name, folder in PACKAGES.items():
        files = sorted(folder.rglob("*.py"))
        texts = [file.read_text("utf-8") for file in files]
        digest.update("\0".join([*map(str, files), *texts]).encode())
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        functions = sum(isinstance(node, kinds) for text in texts for node in ast.walk(ast.parse(text)))
        sizes[name] = {"files": len(files), "lines": sum(text.count("\n") for text in texts), "functions": functions}
    found = {"changed_since_baseline": None, "fingerprint": digest.hexdigest(), "packages": sizes}
    if BASELINE.exists():
        found["changed_since_baseline"] = json.loads(BASELINE.read_text())["fingerprint"] != found["fingerprint"]
        line(f"compared with the baseline: changed = {found['changed_since_baseline']}")
    else:
        _write(str(BASELINE), found)
        line("nothing to compare with: wrote the baseline")
    _write("measure.json", found)


def report() -> None:
    """Write report.md and report.json from what the other sheets left."""
    compared, loaded, measured = (_read(f"{name}.json") for name in ("integrity", "loading", "measure"))
    compiled = sum(file.read_text().count("Compiling ") for file in Path().glob("compiled-*.txt"))
    archive = Path("podium.zip").stat().st_size
    _write("report.json", {"compiled": compiled, **compared, **loaded, **measured, "archive_bytes": archive})
    rows = [
        f"| {name} | {size['files']} | {size['lines']} | {size['functions']} |"
        for name, size in measured["packages"].items()
    ]
    seconds = loaded["seconds"]
    slowest = max(seconds, key=lambda part: float(seconds[part]))
    text = [
        "# Installation audit",
        "",
        "## Summary",
        "",
        f"- {compiled} source files compile",
        f"- {compared['files']} files are compared with the installer's record, {len(compared['changed'])} changed",
        f"- {len(seconds)} parts load on their own; {slowest} takes longest, {seconds[slowest]} s",
        f"- the packages {'changed' if measured['changed_since_baseline'] else 'did not change'} during the audit",
        f"- their archive is sound, {archive / 1024:.0f} KiB",
        "",
        "## The packages",
        "",
        "| package | files | lines | functions |",
        "|---|---|---|---|",
        *rows,
        "",
    ]
    Path("report.md").write_text("\n".join(text), "utf-8")
    line("wrote report.md and report.json")


def _sum(file: Path) -> str:
    """Return the sum of a file as installers write it; "" if there is no such file."""
    if not file.is_file():
        return ""
    return base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest()).decode().rstrip("=")


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(name).read_text("utf-8"))
    return found


def _write(name: str, found: Any) -> None:
    Path(name).write_text(json.dumps(found, indent=2) + "\n", "utf-8")


CHECKS = {"where": where, "integrity": integrity, "loading": loading, "measure": measure, "report": report}

if __name__ == "__main__":
    CHECKS[sys.argv[1]]()
