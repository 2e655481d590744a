"""The one door to the terminal for plain lines: whatever text goes through it, it changes nothing there but what can be read.

Much of what a command prints was written by others: names and paths in a score, a job's output, the environment. `output` draws
tables and colours through the same cleaning; nothing else in the command writes to stdout or stderr.
"""

import sys

from podium.cli.shared.saying import in_commands
from podium.errors import PodiumError
from podium.texts.cleaning import clean_text

REASON_CHARS = 110  # of a reason within a line


def clean(text: str) -> str:
    """Return a text as it may be shown: no terminal sequences, nothing hidden; bytes that are not text are shown as escapes."""
    return clean_text(text.encode("utf-8", "backslashreplace").decode())


def in_line(text: str) -> str:
    """Return a text that others wrote for use within a line: it cannot begin lines of its own."""
    return " ".join(clean(text).split("\n"))


def short_reason(reason: str) -> str:
    """Return a reason in a line, cut to fit it: its beginning says what comes next."""
    line = in_line(reason)
    return line if len(line) <= REASON_CHARS else f"{line[:REASON_CHARS]}…"


def line(text: str = "", *, stderr: bool = False) -> None:
    """Print one text, which may have several lines."""
    print(clean(text), file=sys.stderr if stderr else sys.stdout, flush=stderr)


def prompt(text: str) -> None:
    """Print a question on stderr; the answer is typed behind it."""
    print(clean(text), end="", file=sys.stderr, flush=True)


def show_error(error: PodiumError, *, in_tools: bool = False) -> None:
    """Print an error, every problem of a score that it carries, and its fix on stderr; tools in it stay tools if `in_tools`."""
    known = error.facts.get("job_id")
    job_id = known if isinstance(known, str) else ""

    def said(text: str) -> str:
        return text if in_tools else in_commands(text, job_id)

    line(f"podium: {said(error.message)}", stderr=True)
    for problem in error.facts.get("problems") or []:
        place = f"{problem.get('line', 0)}:{problem.get('column', 0)} {problem.get('field', '')}".strip()
        quoted = f" | {problem['text']}" if problem.get("text") else ""
        what = in_line(f"{place}: {problem.get('message', '')}{quoted}")
        line(f"        {what}", stderr=True)
    if error.fix:
        line(f"        {said(error.fix)}", stderr=True)
