"""Trying every sheet of a plan before it is taken: templates are rendered, conditions decided, fields looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from podium.score.model.draft import Check, Draft, Stage, Template
from podium.score.model.plan import Plan, PlanSheet
from podium.score.templates.conditions import ConditionFault, decide, parse
from podium.score.templates.environment import Template as CompiledTemplate
from podium.score.templates.environment import TemplateFault, template
from podium.score.templates.render import double_braces, expanded_bytes, fields, is_field, template_variables
from podium.score.templates.sandbox import Budget
from podium.score.text.document import Loc
from podium.score.text.problems import FIX_VARIABLES, LIKE_VARIABLES, Problems

TOTAL_BUDGET = 5_000_000  # units of `podium.score.templates.sandbox`, for trying all templates: a few seconds
_PLACEHOLDER = "/job"  # stands for a workspace that the conductor will choose
_TOO_MUCH = "template: the templates of all sheets together take too much work"
_TEXT_FIELDS = ("path", "command", "working_directory")
_MAX_FILLED_BYTES = 131_000  # what the system takes as one argument of a command


@dataclass(frozen=True)
class _Sheet:
    """A sheet that is tried, with the entry that it comes from and what its templates see."""

    sheet: PlanSheet
    stage: Stage
    variables: Mapping[str, Any]


class Checker:
    """Tries the sheets of a plan; `used` are the variables that its templates and conditions ask for."""

    def __init__(self, draft: Draft, plan: Plan, problems: Problems) -> None:
        self.draft = draft
        self.plan = plan
        self.problems = problems
        self.budget = Budget(TOTAL_BUDGET)
        self.used: set[str] = set()
        self.warnings: dict[str, None] = dict.fromkeys(draft.warnings)
        self.broken: set[int] = set()  # templates whose syntax is wrong, by index: said once
        self.indexes = {validation: index for index, validation in enumerate(plan.validations)}
        self.rows: dict[int, list[tuple[Check, int]]] = {}
        self.captures = plan.cross_sheet is not None and plan.cross_sheet.auto_capture_stdout
        self.statuses: dict[Any, str] = dict.fromkeys(
            [key for sheet in plan.sheets for key in (sheet.num, sheet.name) if key], "completed"
        )

    def checked(self) -> Plan:
        """Return the plan with the validations of each sheet; problems are noted on the way."""
        sheets = tuple(self._check(sheet) for sheet in self.plan.sheets)
        first = self._variables(self.plan.sheets[0])
        self._warn_of("The workspace's path", self.plan.workspace or "", first)
        self._warn_of_env(self.plan.env, first)
        return self.plan.model_copy(update={"sheets": sheets, "warnings": tuple(self.warnings)})

    def _check(self, sheet: PlanSheet) -> PlanSheet:
        tried = _Sheet(sheet, self.draft.stages[sheet.stage - 1], self._variables(sheet))
        uses_previous = self._render(tried)
        if tried.stage.skip_when:
            variables = {**tried.variables, "statuses": self.statuses}
            self._decide(tried.stage.skip_when, variables, tried.stage.skip_when_loc)
        validations = self._validations(tried)
        if sheet.instance == 1:
            self._fields(tried)
        if not validations and not uses_previous:
            return sheet
        return replace(sheet, validations=validations, uses_previous_outputs=uses_previous)

    def _variables(self, sheet: PlanSheet) -> dict[str, Any]:
        workspace = self.plan.workspace or _PLACEHOLDER
        return template_variables(self.plan, sheet, workspace=workspace, previous_outputs={})

    def _render(self, tried: _Sheet) -> bool:
        """Render the template; tell whether it asks for earlier outputs."""
        index = tried.sheet.template
        if index in self.broken or self.budget.left < 0:
            return False
        try:
            compiled = template(self.plan.templates[index])
        except TemplateFault as fault:
            self.broken.add(index)
            self._note_template(tried.stage.template, fault.message, fault.line)
            return False
        self.used |= compiled.names
        try:
            compiled.render(tried.variables, self.budget)
        except TemplateFault as fault:
            hint = self._names_hint(compiled, tried, fault)
            self._note_template(tried.stage.template, fault.message + hint, fault.line)
        if self.budget.left < 0:
            self._note_template(tried.stage.template, _TOO_MUCH, 1)
        return self.captures and "previous_outputs" in compiled.names

    def _names_hint(self, compiled: CompiledTemplate, tried: _Sheet, fault: TemplateFault) -> str:
        """Return what the undefined name was perhaps meant to be, or how to define it, and which others are not either."""
        missing = sorted(compiled.names - tried.variables.keys())
        first = next((name for name in missing if f"'{name}' is undefined" in fault.message), None)
        if first is None:
            return ""
        near = self.problems.near(first, tried.variables, LIKE_VARIABLES)
        if not near:
            where = ".".join(map(str, self.draft.variables_loc))
            near = f'; define it under {where}:, or give start_job variables=["{first}=..."]'
            self.problems.fix = FIX_VARIABLES
        others = ", ".join(name for name in missing if name != first)
        return near + (f"; also undefined: {others}" if others else "")

    def _note_template(self, source: Template, message: str, line: int) -> None:
        if source.file:
            self.problems.add(source.loc, f"{source.file}, line {line}: {message}")
        else:
            self.problems.add_in_text(source.loc, message, line)

    def _decide(self, expr: str, variables: Mapping[str, Any], loc: Loc) -> bool:
        try:
            self.used |= parse(expr).names
            return decide(expr, variables)
        except ConditionFault as fault:
            self.problems.add(loc, f"the condition cannot be decided: {fault}")
            return False

    def _validations(self, tried: _Sheet) -> tuple[int, ...]:
        checks = tried.stage.checks
        if id(checks) not in self.rows:
            self.rows[id(checks)] = [(check, self.indexes[check.validation]) for check in checks]
        return tuple(index for check, index in self.rows[id(checks)] if self._applies(check, tried))

    def _applies(self, check: Check, tried: _Sheet) -> bool:
        if check.sheet is not None and check.sheet != tried.sheet.num:
            return False
        return not check.condition or self._decide(check.condition, tried.variables, (*check.loc, "condition"))

    def _fields(self, tried: _Sheet) -> None:
        """Look at the `{workspace}`-style fields of the entry's validations and skip command, and at what has none."""
        self._warn_of_env(tried.stage.env, tried.variables)
        if tried.stage.skip_when_command is not None:
            self._filled(tried.stage.skip_when_command.command, tried.variables, tried.stage.skip_when_command_loc)
        for check in tried.stage.checks:
            self._warn_of(f"The pattern {check.validation.pattern[:80]!r}", check.validation.pattern, tried.variables)
            for field in _TEXT_FIELDS:
                text = getattr(check.validation, field)
                self._filled(text, tried.variables, (*check.loc, field))
                if field != "command":
                    self._unknown(text, tried.variables, (*check.loc, field))

    def _warn_of_env(self, env: Mapping[str, str], variables: Mapping[str, Any]) -> None:
        for name, value in env.items():
            self._warn_of(f"The value of env {name[:80]}", value, variables, " Use that in run.")

    def _warn_of(self, what: str, text: str, variables: Mapping[str, Any], instead: str = "") -> None:
        """Warn of what looks like a template in a text that is used as written."""
        written = [f"{{{{ {name} }}}}" for name in double_braces(text, variables)]
        written += [f"{{{name}}}" for name in fields(text) if is_field(name, variables)]
        if written:
            self.warnings.setdefault(f"{what} is taken as it stands: nothing fills in {', '.join(written)}.{instead}")

    def _filled(self, text: str, variables: Mapping[str, Any], loc: Loc) -> None:
        """Look at a text whose fields are filled in before it is used."""
        for name in double_braces(text, variables):
            self.problems.add(loc, f"is not a template: write {{{name}}} with single braces")
        if (length := expanded_bytes(text, variables)) > _MAX_FILLED_BYTES:
            self.problems.add(
                loc, f"has {length} bytes once it is filled in, more than the limit of {_MAX_FILLED_BYTES}"
            )

    def _unknown(self, text: str, variables: Mapping[str, Any], loc: Loc) -> None:
        for name in fields(text):
            if is_field(name, variables):
                continue
            known = [key for key in variables if is_field(key, variables)]
            self.problems.add(
                loc,
                f"unknown variable {name!r} in {{{name}}}{self.problems.near(name, known, LIKE_VARIABLES)}",
                allowed=known,
            )
