"""The page about the keys of Marianne's scores: what becomes of each, as the compiler says it, and the test that shows it."""

import tempfile
from collections import Counter
from pathlib import Path
from typing import get_args

from tests.support.docs.markdown import code, document, plain, table
from tests.support.marianne.fields import Answer, Entry, entries, told, whole

_INTRO = (
    "Every key of a score in Marianne's public configuration reference, and what Podium does with it in a numbered score. "
    "*Honoured* keys do what that reference says. Keys *without effect* are accepted, with one note. *Refused* keys stop the "
    "submit with their line, unless they are off. Other keys are unknown, and refused too. The answers are those of the compiler "
    "for scores in which the key is written; the last column names the test that shows what it does."
)


def marianne_page() -> str:
    """Return the page."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [_row(entry, Path(folder)) for entry in entries()]
    counts = Counter(dict.fromkeys(get_args(Answer), 0))
    for entry in entries():
        counts[entry.answer] += len(entry.names)
    said = f"{counts.total()} keys: {', '.join(f'{number} {answer}' for answer, number in counts.items())}."
    return document("Keys of Marianne's scores", _INTRO, said, table(("keys", "answer", "why, or the test"), rows))


def _row(entry: Entry, folder: Path) -> tuple[str, str, str]:
    path = entry.paths[0]
    found = told(whole(entry.scores[0]), path, folder)
    why = code(entry.test.rpartition("/")[2]) if found.answer == "honoured" else plain(_reason(found.why, path))
    return ", ".join(map(code, entry.paths)), found.answer, why


def _reason(why: str, path: str) -> str:
    """Return why a key is refused or has no effect, of a message that may speak of others too."""
    _, found, rest = why.partition(f"{path} (")
    while not found and path:
        path = path.rpartition(".")[0]
        _, found, rest = why.partition(f"{path} (") if path else ("", "", "")
    return rest.partition(")")[0] if found else why.removeprefix("not supported: ")
