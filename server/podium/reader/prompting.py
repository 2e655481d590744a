"""The prompt of an agent: the sheet's text with what its score puts around it, and the files that it names.

A file is read when its sheet starts. Its text is used as it is: nothing in it is filled in.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from podium.errors import PodiumError, ScoreInvalid
from podium.reader.requests import Assemble, Assembled
from podium.score.model.plan import Injection
from podium.score.parts import NO_FOLDER
from podium.score.templates import prompt
from podium.score.templates.render import render_text
from podium.texts.source import read_bytes

MAX_FILE_BYTES = 256 * 1024
MAX_BYTES = 1024 * 1024  # of all files and directives of a prompt


def assembled(request: Assemble, template: str, variables: Mapping[str, Any]) -> tuple[Assembled, str]:
    """Return the prompt, and which files were not there.

    Raises:
        ScoreInvalid: a template cannot be rendered, or a file cannot be used.
    """
    label = request.render.label
    found = _Inserted(request.injections, variables, label)
    text = prompt.joined(
        [
            prompt.preamble(variables, label, is_checked=bool(request.checks), is_alone=request.alone)
            if request.told
            else "",
            *found.of("directive"),
            *found.of("skill", "tool"),
            render_text(template, variables, label),
            *found.of("context"),
            prompt.checklist(request.checks) if request.told else "",
        ]
    )
    return Assembled(absent=tuple(found.absent)), text


class _Inserted:
    """The texts that go into a prompt; `absent` are the files that were not there."""

    def __init__(self, injections: tuple[Injection, ...], variables: Mapping[str, Any], label: str) -> None:
        self.injections, self.variables, self.label = injections, variables, label
        self.absent: list[str] = []
        self.left = MAX_BYTES

    def of(self, *kinds: str) -> Iterator[str]:
        """Yield the texts of these kinds in the order of the score."""
        for each in self.injections:
            if each.kind in kinds:
                text = self._from_file(each) if each.file else each.text
                self.left -= len(text.encode("utf-8", "surrogatepass"))
                if self.left < 0:
                    raise self._unfit(f"its files and directives have more than the limit of {MAX_BYTES} bytes")
                yield text

    def _from_file(self, injection: Injection) -> str:
        path = path_of(injection, self.variables, self.label)
        if not path.is_absolute():
            raise self._unfit(f"{str(path)!r} {NO_FOLDER}")
        if injection.kind != "directive" and _is_absent(path):  # the sheet that writes it has it in its own prelude
            self.absent.append(str(path))
            return prompt.absent(injection.kind, str(path))
        try:
            content = read_bytes(path, max_bytes=MAX_FILE_BYTES)
        except PodiumError as error:
            raise self._unfit(f"{injection.kind}: {error.message.removesuffix('.')}") from None
        # No program can be given a NUL in an argument.
        text = content.decode("utf-8-sig", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
        return text if injection.kind == "directive" else prompt.file_text(injection.kind, str(path), text)

    def _unfit(self, why: str) -> ScoreInvalid:
        return ScoreInvalid(
            f"The prompt of sheet {self.label} cannot be made: {why}.",
            fix="Correct the file or the score, then call resume_job.",
            problems=[],
        )


def _is_absent(path: Path) -> bool:
    try:
        os.stat(path)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False  # reading it tells what is wrong
    return False


def path_of(injection: Injection, variables: Mapping[str, Any], label: str) -> Path:
    """Return the path of a file with its template filled in.

    Raises:
        ScoreInvalid: see `render_text`.
    """
    return Path(injection.folder, render_text(injection.file, variables, label, what="path of a prompt's file"))
