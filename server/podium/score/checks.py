"""Trying every sheet of a plan before it is accepted: templates are rendered, conditions decided, fields looked up."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from podium.score.foreign import TEMPLATE_NAMES
from podium.score.literals import instead_of_shell, may_be_secret, note_pattern, note_shell_words, note_templates
from podium.score.model.context import (
    captured_files,
    constant,
    double_braces,
    expanded_bytes,
    fields,
    is_field,
    single_braces,
)
from podium.score.model.draft import Check, Draft, Stage, Template
from podium.score.model.plan import CLI, Plan, PlanSheet
from podium.score.scripts import hides_failures
from podium.score.templates.conditions import ConditionFault, decide, parse, sheet_facts
from podium.score.templates.environment import TemplateFault, template
from podium.score.templates.render import asked_sheets, variables_of
from podium.score.templates.sandbox import Budget
from podium.score.text.document import Loc
from podium.score.text.problems import FIX_VARIABLES, LIKE_VARIABLES, Problems
from podium.texts.interpreter import interpreter

TOTAL_BUDGET = (
    5_000_000  # units of `podium.score.templates.sandbox`, for compiling and trying all templates: a few seconds
)
_AT_THE_END = {"workspace": "$PODIUM_WORKSPACE", "job_name": "$PODIUM_JOB_NAME"}  # what on_end has instead
_OF_EARLIER = {"previous_outputs", "skipped_upstream"}
_MAX_FILLED_BYTES = 131_000  # what the system takes as one argument of a command


class Checker:
    """Tries the sheets of a plan; `used` are the variables that its templates and conditions ask for."""

    def __init__(self, draft: Draft, plan: Plan, problems: Problems) -> None:
        self.draft = draft
        self.plan = plan
        self.problems = problems
        self.budget = Budget(TOTAL_BUDGET)
        self.used: set[str] = set()
        self.text: str | None = None  # what the last template made
        self.broken: set[str] = set()  # templates whose syntax is wrong: said once
        self.compiled: set[str] = set()  # templates that were charged for
        self.indexes = {validation: index for index, validation in enumerate(plan.validations)}
        self.rows: dict[int, list[tuple[Check, int]]] = {}
        self.reads_files = False  # a template asks for previous_files
        self.statuses: dict[Any, str] = dict.fromkeys(
            [key for sheet in plan.sheets for key in (sheet.num, sheet.name) if key], "completed"
        )
        self.facts = sheet_facts(self.statuses)

    def checked(self) -> Plan:
        """Return the plan with the validations of each sheet; problems are noted on the way."""
        sheets = tuple(self._check(sheet) for sheet in self.plan.sheets)
        first = self._variables(self.plan.sheets[0])
        self._note_literal("the workspace path", self.plan.workspace or "", first, ("workspace",))
        if self.draft.workspace and self.draft.workspace.lstrip("~/") in (
            self.plan.workspace or ""
        ):  # not one of the call
            note_shell_words(
                self.problems, "the workspace path", self.draft.workspace.removeprefix("~"), ("workspace",)
            )
        note_templates(self.problems, self.draft, first)
        self._note_prompts(first)
        if self.plan.cross_sheet and self.plan.cross_sheet.capture_files and not self.reads_files:
            self.problems.note(
                "no template asks for previous_files, so no file is read for it.", ("cross_sheet", "capture_files")
            )
        for name in double_braces(self.draft.on_end, first):
            instead = _AT_THE_END.get(name, "its value, or $NAME of a variable in env")
            message = f"is not a template, so {{{{ {name} }}}} would not be filled in; write {instead}"
            self.problems.add(("on_end", "run"), message)
        self._note_env(self.plan.env, first, ("env",))
        return self.plan.model_copy(update={"sheets": sheets})

    def _check(self, sheet: PlanSheet) -> PlanSheet:
        stage = self.draft.stages[sheet.stage - 1]
        variables = self._variables(sheet)
        inserted = stage.instances[sheet.instance - 1].inserted if sheet.injections else ()
        paths = [Template(each.injection.file, each.loc) for each in inserted if constant(each.injection.file) is None]
        sources = (*paths, stage.template)  # the template last: `text` is what it made
        asked = frozenset[str]().union(*[self._render(source, variables) for source in sources])
        script = self.text
        uses_previous = self.plan.cross_sheet is not None and not asked.isdisjoint(_OF_EARLIER)
        if "previous_files" in asked:
            self.reads_files = True
            for index, pattern in enumerate(captured_files(self.plan, sheet)):
                self._render(Template(pattern, ("cross_sheet", "capture_files", index)), variables)
        if stage.skip_when:
            known = {"sheets": self.facts, **variables, "statuses": self.statuses}
            self._decide(stage.skip_when, known, stage.skip_when_loc)
        rows = self.rows.get(id(stage.checks))
        if rows is None:
            rows = [(check, self.indexes[check.validation]) for check in stage.checks]
            self.rows[id(stage.checks)] = rows
        validations = tuple(
            index
            for check, index in rows
            if check.sheet in {None, sheet.num}
            and (not check.condition or self._decide(check.condition, variables, (*check.loc, "condition")))
        )
        if sheet.instrument == CLI and script is not None:
            self._script(stage, script, checked=bool(validations))
        if sheet.instance == 1:
            self._fields(stage, variables)
        if not validations and not uses_previous and not sheet.skip_when:
            return sheet
        asks = self._asks(sheet.skip_when) if sheet.skip_when else None
        return replace(sheet, validations=validations, uses_previous_outputs=uses_previous, skip_asks=asks)

    def _asks(self, condition: str) -> tuple[int, ...] | None:
        try:
            return asked_sheets(self.plan, condition)
        except ConditionFault:
            return None  # noted when it was decided

    def _variables(self, sheet: PlanSheet) -> dict[str, Any]:
        workspace = self.plan.workspace or "/job"  # stands for one that the conductor will choose
        return variables_of(self.plan, sheet, workspace=workspace, previous_outputs={})

    def _render(self, source: Template, variables: Mapping[str, Any]) -> frozenset[str]:
        """Render the template into `text`; return the names that it asks for."""
        self.text = None
        if source.text in self.broken or self.budget.left < 0:
            return frozenset()
        try:
            compiled = template(source.text)
        except TemplateFault as fault:
            self.broken.add(source.text)
            self._note_template(source, fault.message, fault.line)
            return frozenset()
        self.used |= compiled.names
        if compiled.compiled is not None and source.text not in self.compiled:
            self.compiled.add(source.text)
            self.budget.left -= 2 * len(source.text)  # about what compiling it took
        try:
            self.text = compiled.render(variables, self.budget)
        except TemplateFault as fault:
            hint = self._names_hint(fault.message, sorted(compiled.names - variables.keys()), variables)
            self._note_template(source, fault.message + hint, fault.line)
        if self.budget.left < 0:
            self._note_template(source, "template: rendering the templates of all sheets takes too much work", 1)
        return compiled.names

    def _names_hint(self, message: str, missing: list[str], variables: Mapping[str, Any]) -> str:
        """Return what the undefined name was perhaps meant to be, or how to define it, and which others are undefined too."""
        first = next((name for name in missing if f"'{name}' is undefined" in message), None)
        if first is None:
            return ""
        near = self.problems.near(first, variables, LIKE_VARIABLES)
        if not near and first in TEMPLATE_NAMES:
            near = f"; {TEMPLATE_NAMES[first]}"
        elif not near:
            where = ".".join(map(str, self.draft.variables_loc))
            near = f'; define it under {where}, or call start_job with variables=["{first}=..."]'
            self.problems.fix = FIX_VARIABLES
        others = ", ".join(name for name in missing if name != first)
        return near + (f"; also undefined: {others}" if others else "")

    def _note_template(self, source: Template, message: str, line: int) -> None:
        if source.file:
            self.problems.add(source.loc, f"{source.file}, line {line}: {message}")
        else:
            self.problems.add(source.loc, message, text_line=line)

    def _script(self, stage: Stage, script: str, *, checked: bool) -> None:
        """Check how a script is played, and note one that may fail without being noticed."""
        found = interpreter(script)
        if script.startswith("\ufeff"):
            message = "begins with a byte order mark (U+FEFF), which is part of the first word; remove it"
            self._note_template(stage.template, message, 1)
        elif found is not None:
            if found.fault:
                self._note_template(stage.template, found.fault, 1)
        elif script.lstrip().startswith("#!"):
            message = "the #! is not at the very beginning of the script, so bash plays it; put it on the first line."
            self.problems.note(message, stage.template.loc)
        elif not checked and not stage.strict and hides_failures(script):
            strict = "strict: true, " if self.draft.dialect == "named" else ""
            self.problems.note(
                "this script of several lines goes on after a command that fails, only its last command decides, and no "
                f"validation checks what it did; use {strict}set -e or a validation.",
                stage.template.loc,
            )

    def _decide(self, expr: str, variables: Mapping[str, Any], loc: Loc) -> bool:
        try:
            self.used |= parse(expr).names
            return decide(expr, variables)
        except ConditionFault as fault:
            self.problems.add(loc, f"the condition cannot be evaluated: {fault}")
            return False

    def _fields(self, stage: Stage, variables: Mapping[str, Any]) -> None:
        """Check the `{workspace}`-style fields of the entry's validations and skip command, and note texts that take none."""
        self._note_env(stage.env, variables, (*stage.loc, "env"))
        if stage.skip_when_command is not None:
            self._filled(stage.skip_when_command.command, variables, stage.skip_when_command_loc)
        for check in stage.checks:
            pattern, loc = check.validation.pattern, (*check.loc, "pattern")
            self._note_literal(f"the pattern {pattern[:80]!r}", pattern, variables, loc)
            note_pattern(self.problems, check.validation.path, (*check.loc, "path"))
            for field in ("path", "command", "working_directory"):
                text, loc = getattr(check.validation, field), (*check.loc, field)
                if field != "command":
                    note_shell_words(self.problems, f"the {field} {text[:80]!r}", text, loc)
                self._filled(text, variables, loc)
                # A command may have braces of its own.
                unknown = [name for name in fields(text) if field != "command" and not is_field(name, variables)]
                for name in unknown:
                    known = [key for key in variables if is_field(key, variables)]
                    hint = self.problems.near(name, known, LIKE_VARIABLES)
                    self.problems.add(loc, f"unknown variable {name!r} in {{{name}}}{hint}", allowed=known)

    def _note_env(self, env: Mapping[str, str], variables: Mapping[str, Any], loc: Loc) -> None:
        for name, value in env.items():
            what, where = f"the value of env {name[:80]}", (*loc, name)
            self._note_literal(what, value, variables, where, " Use template variables in run instead.")
            if "${{" in value:
                self.problems.note(
                    f"{what} is used as written, ${{{{ }}}} included. Write {{from_env: NAME}} instead.", where
                )
            note_shell_words(
                self.problems, what, value, where, instead_of_shell(name, value), is_secret=may_be_secret(name, value)
            )

    def _note_prompts(self, variables: Mapping[str, Any]) -> None:
        """Note texts for prompts that no template uses, and what looks like a template in those that are used as written."""
        for name, text in (("stakes", self.plan.stakes), ("thinking_method", self.plan.thinking_method)):
            if text and name not in self.used:
                message = f"prompt.{name} is not used: the template does not have {{{{ {name} }}}}."
                self.problems.note(message, ("prompt", name))
            self._note_literal(f"prompt.{name}", text, variables, ("prompt", name))
        inserted = {id(each): each for stage in self.draft.stages for own in stage.instances for each in own.inserted}
        for each in inserted.values():
            self._note_literal("a directive", each.injection.text, variables, each.loc)

    def _note_literal(self, what: str, text: str, variables: Mapping[str, Any], loc: Loc, instead: str = "") -> None:
        """Note what looks like a template in a text that is used as written."""
        written = [f"{{{{ {name} }}}}" for name in double_braces(text, variables)]
        written += [f"{{{name}}}" for name in fields(text) if is_field(name, variables)]
        if written:
            self.problems.note(f"{what} is used as written, without filling in {', '.join(written)}.{instead}", loc)

    def _filled(self, text: str, variables: Mapping[str, Any], loc: Loc) -> None:
        """Check a text whose fields are filled in before it is used."""
        filled = single_braces(text, variables) if self.plan.dialect == "numbered" else text
        if filled != text:
            text = filled
            self.problems.note("{{ }} is no template here; it is filled in as { } is, which is how to write it.", loc)
        for name in double_braces(text, variables):
            self.problems.add(loc, f"is not a template: write {{{name}}} with single braces")
        if (length := expanded_bytes(text, variables)) > _MAX_FILLED_BYTES:
            message = f"has {length} bytes once it is filled in, more than the limit of {_MAX_FILLED_BYTES}"
            self.problems.add(loc, message)
