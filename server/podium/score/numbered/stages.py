"""The stages of a numbered score, each with its sheets."""

from podium.score.model.draft import Check, Instance, Need, Stage, Template
from podium.score.model.plan import Retry
from podium.score.numbered.checks import read_checks
from podium.score.numbered.fields.score import NumberedScore
from podium.score.numbered.layout import Layout
from podium.score.numbered.playing import Playing
from podium.score.numbered.prompts import Prompts
from podium.score.parts import PartBuilder
from podium.score.text.document import Loc


class Stages:
    """Turns the sheets, or with fan-out the stages, into stages of the draft."""

    def __init__(self, score: NumberedScore, parts: PartBuilder) -> None:
        self.score = score
        self.sheet = score.sheet
        self.parts = parts
        self.problems = parts.problems
        self.layout = Layout(score, parts.problems)
        self.playing = Playing(score, parts, self.layout)
        self.prompts = Prompts(score, parts)

    def stages(self) -> tuple[Stage, ...]:
        """Return the stages."""
        template, policy = self.prompts.template(), self.parts.retry(("retry",), self.score.retry)
        checks = read_checks(self.score, self.parts, self.layout)
        numbers = range(1, self.layout.count + 1)
        stages = tuple(self._stage(number, template, policy, checks) for number in numbers)
        self.playing.note_unused()
        self.prompts.check([play for stage in stages for play in stage.plays])
        return stages

    def _stage(self, number: int, template: Template, policy: Retry, checks: tuple[Check, ...]) -> Stage:
        movement = self.score.movements.get(number)
        skip_loc: Loc = ("sheet", "skip_when_command", number)
        skip = self.sheet.skip_when_command.get(number)
        instances = tuple(self._instance(number, each) for each in self.layout.sheets(number))
        return Stage(
            loc=("sheet",),
            label=f"{'stage' if self.layout.fans_out else 'sheet'} {number}",
            description=(movement.name if movement else None) or "",
            play=self.playing.of(number, self.layout.sheets(number)[0]),
            template=template,
            retry=policy,
            checks=checks,
            instances=instances,
            needs=self._needs(number),
            skip_when=self.sheet.skip_when.get(number, ""),
            skip_when_loc=("sheet", "skip_when", number),
            skip_when_command=self.parts.skip_command(skip_loc, skip, (skip and skip.description) or ""),
            skip_when_command_loc=skip_loc,
            items=self.layout.items(number),
            told=self.score.success_requirements,
        )

    def _instance(self, stage: int, number: int) -> Instance:
        """Return what is special to a sheet."""
        return Instance(
            play=self.playing.of(stage, number),
            description=self.sheet.descriptions.get(number, ""),
            inserted=self.prompts.inserted(number),
        )

    def _needs(self, number: int) -> tuple[Need, ...]:
        """Return what a stage waits for: instance for instance where both have as many sheets."""
        if not self.sheet.dependencies:
            return (Need(number - 2),) if number > 1 else ()
        found: list[Need] = []
        for position, other in enumerate(self.sheet.dependencies.get(number, [])):
            loc: Loc = ("sheet", "dependencies", number, position)
            if other == number:
                self.problems.add(loc, "a sheet cannot need itself")
            elif self.layout.is_stage(loc, other):
                copies = self.layout.copies(number)
                found.append(Need(other - 1, matched=copies > 1 and copies == self.layout.copies(other)))
        return tuple(found)
