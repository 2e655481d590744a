"""The validations of a numbered score."""

from podium.score.model.draft import Check
from podium.score.model.plan import VALIDATION_TYPES
from podium.score.numbered.fields.score import NumberedScore
from podium.score.numbered.layout import Layout
from podium.score.parts import PartBuilder
from podium.score.text.document import Loc

COMMAND_SECONDS = 3600.0  # a command's time limit if it has none of its own, which is that of the original


def read_checks(score: NumberedScore, parts: PartBuilder, layout: Layout) -> tuple[Check, ...]:
    """Return the validations of all sheets; each says itself to which ones it applies."""
    found = []
    for position, check in enumerate(score.validations):
        loc: Loc = ("validations", position)
        if check.type is None:
            if not parts.problems.under((*loc, "type")):
                parts.problems.add(loc, "a validation needs a type", allowed=VALIDATION_TYPES)
            continue
        if check.sheet is not None:
            layout.is_sheet((*loc, "sheet"), check.sheet)
        fields = check.model_dump(exclude={"type", "condition", "sheet"})
        if check.type == "command_succeeds" and check.timeout_seconds is None:
            fields["timeout_seconds"] = COMMAND_SECONDS
        validation = parts.validation(loc, check.type, fields)
        found.append(Check(validation, loc, condition=check.condition or "", sheet=check.sheet))
    return tuple(found)
