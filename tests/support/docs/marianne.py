"""The page about the keys of Marianne's scores: what becomes of each, as the compiler says it, and the test that shows it."""

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

from tests.support.docs.markdown import code, document, plain, table
from tests.support.marianne.fields import Answer, Entry, Told, entries, told, whole
from tests.support.marianne.profiles import profile_entries, told_of_profile, whole_profile

_INTRO = (
    "Every key of a score in Marianne's public configuration reference, and what Podium does with it in a numbered score. "
    "*Honoured* keys do what that reference says. Keys *without effect* are accepted, with one note. *Refused* keys stop the "
    "submit with their line, unless they are off. Other keys are unknown, and refused too. The answers are those of the compiler "
    "for scores in which the key is written; the last column names the test that shows what it does."
)


_PROFILES = (
    "Marianne's instrument profiles work too: copy such a file into `instruments/` of the config folder, or into "
    "`.podium/instruments/` beside the score; Marianne's own folders are not read. These are the keys of its guide. What is without "
    "effect is told in one note for each score that uses the instrument. An `executable` with a `/` has to be an absolute path, "
    "`kind` has to be `cli`, and a variable of `env` that neither the conductor nor its env file has fails the sheet."
)

Asked = Callable[[str, str, Path], Told]
"""Returns what the code says of a part of a score or a profile, and of a key in it."""


def marianne_page() -> str:
    """Return the page."""
    scores = _keys(entries(), lambda part, key, folder: told(whole(part), key, folder))
    profiles = _keys(profile_entries(), lambda part, key, folder: told_of_profile(whole_profile(part), key, folder))
    return document(
        "Keys of Marianne's scores", _INTRO, *scores, "## Keys of its instrument profiles", _PROFILES, *profiles
    )


def _keys(found: Sequence[Entry], asked: Asked) -> tuple[str, str]:
    """Return how many keys have which answer, and a table of them."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [_row(entry, asked, Path(folder)) for entry in found]
    counts = Counter(dict.fromkeys(get_args(Answer), 0))
    for entry in found:
        counts[entry.answer] += len(entry.names)
    said = f"{counts.total()} keys: {', '.join(f'{number} {answer}' for answer, number in counts.items())}."
    return said, table(("keys", "answer", "why, or the test"), rows)


def _row(entry: Entry, asked: Asked, folder: Path) -> tuple[str, str, str]:
    path = entry.paths[0]
    found = asked(entry.written[0], path, folder)
    why = code(entry.test.rpartition("/")[2]) if found.answer == "honoured" else plain(_reason(found.why, path))
    return ", ".join(map(code, entry.paths)), found.answer, why


def _reason(why: str, path: str) -> str:
    """Return why a key is refused or has no effect, of a message that may speak of others too."""
    _, found, rest = why.partition(f"{path} (")
    while not found and path:
        path = path.rpartition(".")[0]
        _, found, rest = why.partition(f"{path} (") if path else ("", "", "")
    return rest.partition(")")[0] if found else why.removeprefix("not supported: ")
