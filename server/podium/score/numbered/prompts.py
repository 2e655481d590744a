"""What the prompts of a numbered score are made of: the template, and the files and texts that go with it."""

from podium.score.model.draft import Template
from podium.score.model.plan import Injection
from podium.score.numbered.fields.score import NumberedScore
from podium.score.parts import PartBuilder
from podium.score.text.document import Loc


class Prompts:
    """The template of all sheets, and what is put beside it into the prompts of agents."""

    def __init__(self, score: NumberedScore, parts: PartBuilder) -> None:
        self.score = score
        self.parts = parts
        self.problems = parts.problems

    def template(self) -> Template:
        """Return the template of all sheets."""
        prompt = self.score.prompt
        loc: Loc = ("prompt",)
        if prompt.template is not None and prompt.template_file is not None:
            self.problems.add(loc, "has both template and template_file; use only one of them")
        elif prompt.template_file is not None:
            return self.parts.template_file((*loc, "template_file"), prompt.template_file)
        elif prompt.template is None and not self.problems.under(loc):
            self.problems.add(loc, "needs template or template_file")
        return Template(prompt.template or "", (*loc, "template"))

    def injections(self, number: int) -> tuple[Injection, ...]:
        """Return what the prompt of a sheet is given beside its template."""
        sheet = self.score.sheet
        files = [*sheet.prelude, *sheet.cadenzas.get(number, [])]
        texts = [*self.score.prompt.prompt_extensions, *sheet.prompt_extensions.get(number, [])]
        return (
            *(Injection(kind="directive", text=text) for text in texts),
            *(Injection(kind=each.kind, file=each.file) for each in files),
        )
