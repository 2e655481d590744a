"""A stand-in for a coding agent's command line, run as a program: it takes what that tool documents, and nothing else.

Called as `stand_in_agent.py TOOL arguments...`. The prompt is read in the tool's own way and kept with the arguments in
`$STAND_IN/TOOL.calls`, one JSON object a line. What it then does is the next entry of `$STAND_IN/TOOL.turns`; without one it
answers and succeeds.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Grammar:
    """A tool's command line, from its published documentation (the profiles name the pages)."""

    command: tuple[str, ...] = ()  # subcommand words
    flags: tuple[str, ...] = ()
    options: tuple[str, ...] = ()  # with a value
    prompt: str = "stdin"  # stdin, argument, or the option that names the prompt's file
    dash: bool = False  # a lone "-" stands for standard input
    usage_exit: int = 2  # of a wrong command line


GRAMMARS = {
    "claude": Grammar(
        flags=("-p", "--strict-mcp-config", "--verbose"),
        options=("--output-format", "--permission-mode", "--model", "--max-turns", "--allowedTools", "--system-prompt-file"),
        usage_exit=1,
    ),
    "codex": Grammar(
        command=("exec",), flags=("--skip-git-repo-check",), options=("--sandbox", "--color", "--model"), dash=True
    ),
    "gemini": Grammar(options=("--approval-mode", "--output-format", "--model"), usage_exit=42),
    "aider": Grammar(
        flags=("--yes-always", "--no-pretty", "--no-stream", "--no-check-update"), options=("--model",),
        prompt="--message-file",
    ),
    "goose": Grammar(command=("run",), flags=("--no-session",), options=("--model", "--provider"), prompt="-i"),
    "opencode": Grammar(command=("run",), options=("--format", "--model", "--agent"), prompt="argument"),
    "crush": Grammar(command=("run",), flags=("--quiet",), options=("--model",)),
    "cline": Grammar(flags=("-y",), options=("--model",), prompt="argument"),
}  # fmt: skip


def read_prompt(grammar: Grammar, arguments: list[str]) -> str:
    """Parse the command line and return the prompt. ValueError for a line that the tool would refuse."""
    rest, values, words = list(arguments), {}, []
    while rest:
        word = rest.pop(0)
        if word in (*grammar.options, grammar.prompt) and word.startswith("-"):
            values[word] = rest.pop(0)
        elif word.startswith("-") and word not in grammar.flags and not (grammar.dash and word == "-"):
            raise ValueError(f"unexpected argument {word!r}")
        elif word not in grammar.flags:
            words.append(word)
    if tuple(words[: len(grammar.command)]) != grammar.command:
        raise ValueError(f"expected {' '.join(grammar.command)}")
    words = words[len(grammar.command) :]
    if grammar.prompt == "argument":
        return words[0]
    if words not in ([], ["-"] if grammar.dash else []):
        raise ValueError(f"unexpected words {words}")
    return sys.stdin.read() if grammar.prompt == "stdin" else Path(values[grammar.prompt]).read_text()


def main() -> int:
    """Take the prompt, keep it, play the next turn."""
    tool, arguments = sys.argv[1], sys.argv[2:]
    folder, grammar = Path(os.environ["STAND_IN"]), GRAMMARS[tool]
    try:
        prompt = read_prompt(grammar, arguments)
    except (ValueError, IndexError, KeyError) as error:
        print(f"error: {error}", file=sys.stderr)
        return grammar.usage_exit
    calls, turns = folder / f"{tool}.calls", folder / f"{tool}.turns"
    number = len(calls.read_text().splitlines()) if calls.exists() else 0
    with calls.open("a") as file:
        file.write(json.dumps({"arguments": arguments, "prompt": prompt, "cwd": str(Path.cwd())}) + "\n")
    script = json.loads(turns.read_text()) if turns.exists() else []
    return play(script[number] if number < len(script) else {"stdout": "Done.\n"})


def play(turn: dict[str, str]) -> int:
    """Write what the turn says, do its work, and return its exit code."""
    sys.stdout.write(turn.get("stdout", ""))
    sys.stderr.write(turn.get("stderr", ""))
    sys.stdout.flush()
    if "work" in turn:
        subprocess.run(["/bin/bash", "-c", turn["work"]], check=False)
    return int(turn.get("exit", 0))


if __name__ == "__main__":
    sys.exit(main())
