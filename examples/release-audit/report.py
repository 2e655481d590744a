"""Write report.md and report.json from what the other sheets left in the working directory."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any


def collect() -> dict[str, Any]:
    """Return the findings of all sheets as one object."""
    suite = next(ET.parse("tests.xml").iter("testsuite"))  # noqa: S314  written by our own sheet
    wheel = next(Path("dist").glob("*.whl"))
    measured = json.loads(Path("measure.json").read_text(encoding="utf-8"))
    return {
        "compiled_files": sum(file.read_text().count("Compiling ") for file in Path().glob("compiled-*.txt")),
        "lint_findings": len(json.loads(Path("lint.json").read_text(encoding="utf-8"))),
        "tests": {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")},
        "test_seconds": round(float(suite.get("time", 0)), 1),
        "tree": measured["parts"],
        "tree_fingerprint": measured["fingerprint"],
        "tree_changed": measured["changed_since_baseline"],
        "wheel": {"file": wheel.name, "bytes": wheel.stat().st_size},
    }


def as_markdown(found: dict[str, Any]) -> str:
    """Return the findings as a page."""
    rows = [
        f"| {part} | {size['files']} | {size['lines']} | {size['functions']} |" for part, size in found["tree"].items()
    ]
    tests, wheel = found["tests"], found["wheel"]
    return "\n".join([
        "# Release audit",
        "",
        "## Summary",
        "",
        f"- {found['compiled_files']} source files compile",
        f"- {found['lint_findings']} findings of the linter",
        f"- {tests['tests']} tests run in {found['test_seconds']} s: {tests['failures'] + tests['errors']} failed, "
        f"{tests['skipped']} skipped",
        f"- the tree {'changed' if found['tree_changed'] else 'did not change'} while it was audited",
        f"- {wheel['file']} builds, {wheel['bytes'] / 1024:.0f} KiB",
        "",
        "## The tree",
        "",
        "| part | files | lines | functions |",
        "|---|---|---|---|",
        *rows,
        "",
    ])  # fmt: skip


def main() -> None:
    """Write both reports and print where they are."""
    found = collect()
    Path("report.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    Path("report.md").write_text(as_markdown(found), encoding="utf-8")
    print("wrote report.md and report.json")


if __name__ == "__main__":
    main()
