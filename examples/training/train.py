"""Train a logistic regression on points above and below a line, with a checkpoint after each epoch; the standard library only.

In the workspace: `checkpoint.json`, always whole (it is written beside and renamed), from which the next run goes on.
"""

import argparse
import json
import math
import random
import sys
from pathlib import Path

CHECKPOINT = Path("checkpoint.json")
RATE = 0.3


def points(seed: int, count: int = 400) -> list[tuple[float, float, int]]:
    """Return points with their class: 1 above the line y = x, else 0."""
    draw = random.Random(seed)
    made = [(draw.uniform(-1, 1), draw.uniform(-1, 1)) for _ in range(count)]
    return [(x, y, int(y > x)) for x, y in made]


def guess(weights: list[float], x: float, y: float) -> float:
    """Return how likely a point is above the line."""
    return 1 / (1 + math.exp(-(weights[0] * x + weights[1] * y + weights[2])))


def load() -> tuple[int, list[float]]:
    """Return the epoch and the weights to go on from."""
    if not CHECKPOINT.exists():
        return 0, [0.0, 0.0, 0.0]
    found = json.loads(CHECKPOINT.read_text())
    print(f"going on from epoch {found['epoch']}")
    return found["epoch"], found["weights"]


def save(epoch: int, weights: list[float]) -> None:
    """Write the checkpoint so that nobody ever sees a part of it."""
    beside = CHECKPOINT.with_suffix(".new")
    beside.write_text(json.dumps({"epoch": epoch, "weights": weights}))
    beside.replace(CHECKPOINT)


def train(epochs: int, lost_at: int) -> None:
    """Train up to an epoch; a run that began at 0 is lost after the epoch `lost_at`."""
    start, weights = load()
    for epoch in range(start + 1, epochs + 1):
        loss = 0.0
        data = points(seed=1)
        for x, y, label in data:
            error = guess(weights, x, y) - label
            loss += abs(error)
            weights = [weight - RATE * error * value for weight, value in zip(weights, (x, y, 1.0), strict=True)]
        save(epoch, weights)
        print(f"epoch {epoch}/{epochs} loss {loss / len(data):.4f}")
        if start == 0 and epoch == lost_at:
            sys.exit(f"lost after epoch {epoch}: as if somebody had pulled the plug")


def evaluate() -> None:
    """Print which part of points that were not trained on is right."""
    _, weights = load()
    data = points(seed=2)
    right = sum((guess(weights, x, y) > 0.5) == bool(label) for x, y, label in data)
    print(f"accuracy {right / len(data):.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--lost-at", type=int, default=0)
    parser.add_argument("--evaluate", action="store_true")
    options = parser.parse_args()
    if options.evaluate:
        evaluate()
    else:
        train(options.epochs, options.lost_at)
