"""Scores for tests that run real sheets. Each sheet writes a token, so that running twice cannot go unseen."""

from collections import Counter
from pathlib import Path

TOKEN = 'echo "$PODIUM_JOB_ID $PODIUM_SHEET $PODIUM_ATTEMPT" >> "$PODIUM_WORKSPACE/tokens"'


def token_score(workspace: Path, *, sheets: int = 3, seconds: float = 0.1, chain: bool = False, extra: str = "") -> str:
    """Return a score of sheets that write their token, sleep, and end well."""
    lines = [f"name: tokens\nworkspace: {workspace}\nsheets:"]
    for num in range(1, sheets + 1):
        needs = [f"s{num - 1}"] if chain and num > 1 else []
        lines.append(
            f"  - name: s{num}\n    needs: [{', '.join(needs)}]\n    run: |\n      {TOKEN}\n      sleep {seconds}\n{extra}"
        )
    return "\n".join(lines)


def tokens(workspace: Path) -> Counter[str]:
    """Return how often each attempt has run: "<job id> <sheet> <attempt>" -> times."""
    path = workspace / "tokens"
    return Counter(path.read_text().splitlines()) if path.exists() else Counter()
