"""Find the minimum of a bowl by gradient descent with one rate, and write how far from it that ended: `point.py RATE`."""

import json
import sys
from pathlib import Path

STEPS = 8
STEEP, FLAT = 5.0, 2.0  # how steep the bowl is in its two directions
LARGEST = 1e9  # beyond this a rate has lost itself


def loss(rate: float) -> float:
    """Return how high above the bottom the descent ends that begins at (1, 1)."""
    x = y = 1.0
    for _ in range(STEPS):
        x, y = x - rate * STEEP * x, y - rate * FLAT * y
    return min(STEEP * x * x + FLAT * y * y, LARGEST)


if __name__ == "__main__":
    rate = float(sys.argv[1])
    Path(f"point-{sys.argv[1]}.json").write_text(json.dumps({"rate": rate, "loss": loss(rate)}))
    print(f"rate {rate}: loss {loss(rate):.6f}")
