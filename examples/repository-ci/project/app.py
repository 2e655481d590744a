"""Adds numbers: `python app.py 20 22`."""

import sys


def total(words: list[str]) -> int:
    """Return the sum of numbers as they stand on a command line."""
    return sum(int(word) for word in words)


def main() -> None:
    """Print the sum of the arguments."""
    print(total(sys.argv[1:]))


if __name__ == "__main__":
    main()
