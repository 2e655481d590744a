"""Words of a command line, as far as the stand-in knows them. What it does not know is an error, so that no test rests on it."""

import sys
from typing import NoReturn


class Words:
    """Options and the rest. `takes` are those with a value, `flags` those without; a short one is mapped to its long name."""

    def __init__(self, command: str, words: list[str], takes: set[str], flags: set[str], short: dict[str, str]) -> None:
        self.command, self.given, self.rest = command, dict[str, str](), list[str]()
        words = list(words)
        while words:
            word = words.pop(0)
            name, is_given, value = word.partition("=")
            name = short.get(name, name)
            if not word.startswith("-"):
                self.rest = [word, *words]
                return
            if name in flags:
                self.given[name] = ""
            elif name in takes:
                self.given[name] = value if is_given else words.pop(0)
            else:
                fail(command, f"unrecognized option '{word}'", usage=True)

    def get(self, name: str, default: str = "") -> str:
        """Return the value of an option."""
        return self.given.get(name, default)

    def __contains__(self, name: str) -> bool:
        return name in self.given


def fail(command: str, why: str, *, usage: bool = False, code: int = 1) -> NoReturn:
    """Say why, as Slurm's commands do, and end."""
    if usage:
        sys.stderr.write(f'{command}: {why}\nTry "{command} --help" for more information\n')
        sys.exit(255)
    sys.stderr.write(f"{command}: error: {why}\n")
    sys.exit(code)
