"""Rows of figures, the table of them, and the file that keeps them."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

COLUMNS = ("figure", "what", "measured", "baseline", "ratio", "target", "met")


@dataclass(frozen=True)
class Target:
    """A bound on a row's ratio to its baseline, or on its own value."""

    kind: Literal["at most", "at least"]
    bound: float
    of: Literal["ratio", "value"] = "ratio"


@dataclass(frozen=True)
class Row:
    """One figure, with the baseline that was measured beside it. `baseline_what` says what that is."""

    figure: str
    what: str
    value: float
    unit: str
    baseline: float | None = None
    baseline_what: str = ""
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """The value over its baseline, None without one."""
        return self.value / self.baseline if self.baseline else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met, None without one."""
        if self.target is None:
            return None
        judged = self.value if self.target.of == "value" else self.ratio
        if judged is None:
            return None
        return judged <= self.target.bound if self.target.kind == "at most" else judged >= self.target.bound

    def cells(self) -> tuple[str, ...]:
        """Return the row's cells in the order of `COLUMNS`."""
        baseline = "" if self.baseline is None else f"{_short(self.baseline)} {self.unit} ({self.baseline_what})"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        target = "" if self.target is None else f"{self.target.kind} {self.target.bound:g} {_unit_of(self)}".rstrip()
        met = {None: "", True: "yes", False: "NO"}[self.met]
        return self.figure, self.what, f"{_short(self.value)} {self.unit}", baseline, ratio, target, met


def _unit_of(row: Row) -> str:
    return row.unit if row.target is not None and row.target.of == "value" else "x"


def _short(number: float) -> str:
    """Return a number with three digits that mean something."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table for people."""
    lines = [COLUMNS, *(row.cells() for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(COLUMNS))]
    texts = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([texts[0], "  ".join("-" * width for width in widths), *texts[1:]])


def save(path: Path, rows: Sequence[Row], *, quick: bool, seconds: float) -> None:
    """Write the rows, and what is to be known of the machine, as JSON."""
    facts: dict[str, Any] = {
        "quick": quick,
        "seconds": round(seconds, 1),
        "python": platform.python_version(),
        "platform": sys.platform,
        "kernel": platform.release(),
        "cpus": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "rows": [{**asdict(row), "ratio": row.ratio, "met": row.met} for row in rows],
    }
    path.write_text(json.dumps(facts, indent=2) + "\n")
