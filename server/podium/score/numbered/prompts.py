"""What the prompts of a numbered score are made of: the template, and the files and texts that go with it."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from podium.score.model.context import constant
from podium.score.model.draft import Inserted, Play, Template
from podium.score.model.plan import CLI, Injection
from podium.score.numbered.fields.score import NumberedScore
from podium.score.numbered.fields.sheets import InjectionBlock
from podium.score.parts import NO_FOLDER, PartBuilder
from podium.score.templates.prompt import DEFAULT_TEMPLATE
from podium.score.text.document import Loc

_PATH = re.compile(r"(?:\{\{[^{}]*\}\}|[^\s{}])+\.(?:md|txt)")  # a directive that is one is the file's text
_FOR_AGENTS = "has no effect on scripts for cli, only on the prompts of agents."
Kind = Literal["context", "skill", "tool", "directive"]


class Prompts:
    """The template of all sheets, and what is put beside it into the prompts of agents."""

    def __init__(self, score: NumberedScore, parts: PartBuilder) -> None:
        self.score = score
        self.parts = parts
        self.problems = parts.problems
        self.directives = self._directives(("prompt", "prompt_extensions"), score.prompt.prompt_extensions)
        self.prelude = self._files(("sheet", "prelude"), score.sheet.prelude)
        self._check_names()

    def template(self) -> Template:
        """Return the template of all sheets."""
        prompt = self.score.prompt
        loc: Loc = ("prompt",)
        if prompt.template is not None and prompt.template_file is not None:
            self.problems.add(loc, "has both template and template_file; use only one of them")
        elif prompt.template_file is not None:
            return self.parts.template_file((*loc, "template_file"), prompt.template_file)
        elif self._has_none:
            return Template(DEFAULT_TEMPLATE, loc)
        return Template(prompt.template or "", (*loc, "template"))

    def inserted(self, number: int) -> tuple[Inserted, ...]:
        """Return what the prompt of a sheet is given beside its template."""
        sheet = self.score.sheet
        return (
            *self.directives,
            *self._directives(("sheet", "prompt_extensions", number), sheet.prompt_extensions.get(number, [])),
            *self.prelude,
            *self._files(("sheet", "cadenzas", number), sheet.cadenzas.get(number, [])),
        )

    def check(self, plays: Sequence[Play]) -> None:
        """Check that these parts fit what plays the sheets, in the order of their numbers."""
        are_scripts = [play.instrument == CLI for play in plays]
        if self._has_none:
            if any(are_scripts):
                self.problems.add(("prompt",), "needs template or template_file")
            else:
                message = (
                    "prompt has neither template nor template_file, so agents are only told which items are theirs."
                )
                self.problems.note(message, ("prompt",))
        self._note_unused(are_scripts)

    @property
    def _has_none(self) -> bool:
        prompt = self.score.prompt
        none = prompt.template is None and prompt.template_file is None
        return none and "prompt" in self.score.model_fields_set and not self.problems.under(("prompt",))

    def _note_unused(self, are_scripts: Sequence[bool]) -> None:
        """Note what only prompts have, where nothing but scripts could have it."""
        sheet, prompt = self.score.sheet, self.score.prompt
        of_all = {("sheet", "prelude"): sheet.prelude, ("prompt", "prompt_extensions"): prompt.prompt_extensions}
        told = "success_requirements" in self.score.model_fields_set and self.score.success_requirements
        if all(are_scripts):
            for loc in [loc for loc, given in of_all.items() if given]:
                self.problems.note(f"{'.'.join(loc)} {_FOR_AGENTS}", loc)
            if told:
                self.problems.note(f"success_requirements {_FOR_AGENTS}", ("success_requirements",))
        of_one: dict[str, Mapping[int, object]] = {
            "cadenzas": sheet.cadenzas,
            "prompt_extensions": sheet.prompt_extensions,
        }
        for name, given in of_one.items():
            for number in given:
                if 1 <= number <= len(are_scripts) and are_scripts[number - 1]:
                    self.problems.note(f"sheet.{name} {_FOR_AGENTS}", ("sheet", name, number))

    def _check_names(self) -> None:
        """Note a variable that would hide a text of the prompt."""
        for name in ("stakes", "thinking_method"):
            if name in self.score.prompt.variables and getattr(self.score.prompt, name) is not None:
                message = f"prompt.{name} sets this variable too; leave one of the two out"
                self.problems.add(("prompt", "variables", name), message, key=True)

    def _directives(self, loc: Loc, texts: Sequence[str]) -> tuple[Inserted, ...]:
        return tuple(
            self._file((*loc, position), "directive", text.strip())
            if _PATH.fullmatch(text.strip())
            else Inserted(Injection(kind="directive", text=text), (*loc, position))
            for position, text in enumerate(texts)
        )

    def _files(self, loc: Loc, blocks: Sequence[InjectionBlock]) -> tuple[Inserted, ...]:
        return tuple(self._file((*loc, n, "file"), block.kind, block.file) for n, block in enumerate(blocks))

    def _file(self, loc: Loc, kind: Kind, file: str) -> Inserted:
        """Return a file for a prompt. It is read when a sheet starts; what can be said of its path now is checked."""
        folder = "" if file.startswith("/") else str(self.parts.folder or "")
        if not file.strip():
            self.problems.add(loc[:-1], "needs file, a path")
        elif constant(file) is not None:
            if folder or file.startswith("/"):
                self._look(loc, kind, Path(folder, file))
            else:
                self.problems.add(loc, f"{file!r} {NO_FOLDER}")
        return Inserted(Injection(kind=kind, file=file, folder=folder), loc)

    def _look(self, loc: Loc, kind: Kind, path: Path) -> None:
        """Note a file that is not there, and refuse a path that is no file."""
        self.parts.on_file(path)
        # os.path, since the methods of Path raise for a path that is too long
        if not os.path.exists(path):  # noqa: PTH110
            then = "sheets that need it will fail" if kind == "directive" else "prompts say that it was not there"
            self.problems.note(f"{path} does not exist; if it is still missing when a sheet starts, {then}.", loc)
        elif not os.path.isfile(path):  # noqa: PTH113
            self.problems.add(loc, f"{path} is not a regular file")
