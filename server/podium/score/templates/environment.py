"""Compiled templates: Jinja2 in the sandbox, strict about undefined names, their output bounded.

Most texts of a large score hold no tag at all, or only `{{ name }}`. Those are filled in here directly, which spares the
compiling (0.35 ms each); a test holds both ways against each other.
"""

import copy
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jinja2

from podium.score.templates.sandbox import BUDGET, Budget, Sandbox, budgeted
from podium.score.templates.sizes import CHARACTERS_PER_UNIT, weight
from podium.texts.written import shown

MAX_OUTPUT = 1024 * 1024  # characters
_FILE = "<template>"
_NAME = re.compile(r"(?<!\{)\{\{\s*([A-Za-z_]\w*)\s*\}\}", re.ASCII)
_TAGS = ("{{", "{%", "{#")
_WORDS = frozenset({
    "true", "false", "none", "True", "False", "None", "not", "and", "or", "if", "else", "in", "is",
    "self", "loop", "super", "caller", "varargs", "kwargs",
})  # fmt: skip
_RAW_HINT = "; text that is not meant as a template goes between {% raw %} and {% endraw %}"
_SHELL_HINT = "; write the shell's ${# as {% raw %}${#{% endraw %}"


class TemplateFault(Exception):
    """A template cannot be read or rendered; `line` counts from 1 in its text.

    `may_quote`: the message is of an expression that failed, and may have its values in it.
    """

    def __init__(self, message: str, line: int, *, may_quote: bool = False) -> None:
        super().__init__(message)
        self.message, self.line, self.may_quote = message, line, may_quote


@dataclass(frozen=True)
class Template:
    """A compiled template; `names` are the variables that it asks for."""

    names: frozenset[str]
    text: str
    compiled: jinja2.Template | None = None  # None: only `{{ name }}` tags, if any

    def render(self, variables: Mapping[str, Any], total: Budget | None = None) -> str:
        """Return the text for these variables; the work is charged to `total`, which may get below 0.

        Raises:
            TemplateFault: a name is not defined, an expression fails, or the output or the work is too much.
        """
        if self.compiled is None and self.names <= variables.keys():
            output = self._fill(variables)
            if total is not None:
                total.left -= len(output) // CHARACTERS_PER_UNIT
            return output
        compiled = self.compiled or _compile(self.text).compiled
        return budgeted(lambda: _generate(compiled, variables), total or Budget())  # type: ignore[arg-type]

    def _fill(self, variables: Mapping[str, Any]) -> str:
        """Put the variables in. A long one may be there many times, which is found before it is done."""
        used = {name: variables[name] for name in self.names}
        if any(isinstance(value, list | dict) and weight(value, BUDGET) > BUDGET for value in used.values()):
            raise _too_long()  # one text may be in a value many times over
        texts = {name: shown(value) for name, value in used.items()}
        longest, places = max(map(len, texts.values()), default=0), len(self.text) // len("{{a}}")
        if longest * places > MAX_OUTPUT and sum(len(texts[name]) for name in _NAME.findall(self.text)) > MAX_OUTPUT:
            raise _too_long()
        output = _NAME.sub(lambda match: texts[match[1]], self.text) if texts else self.text
        if len(output) > MAX_OUTPUT:
            raise _too_long()
        return output


@lru_cache(maxsize=64)
def template(text: str) -> Template:
    """Return the compiled template of a text; the last ones are kept.

    Raises:
        TemplateFault: its syntax is wrong.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")  # as Jinja does
    if not any(tag in text for tag in _TAGS):
        return Template(frozenset(), text)
    names = frozenset(_NAME.findall(text))
    if not names & _WORDS and not any(tag in _NAME.sub("", text) for tag in _TAGS):
        return Template(names, text)
    return _compile(text)


_sandbox = Sandbox()


def _compile(text: str) -> Template:
    try:
        parsed = _sandbox.parse(text, filename=_FILE)
        names = _sandbox.names(parsed)
        compiled = _sandbox.from_string(parsed)
    except jinja2.TemplateSyntaxError as error:
        hint = _SHELL_HINT if "comment" in str(error.message) and "${#" in text else _RAW_HINT
        raise TemplateFault(f"template: {error.message}{hint}", error.lineno) from None
    except MemoryError:
        raise  # the process is to end
    except Exception as error:  # noqa: BLE001 deep nesting ends Jinja or Python in several ways
        raise TemplateFault(f"template: cannot be compiled ({type(error).__name__})", 1) from None
    if "${#" in text:  # of the shell: Jinja would take it, and all up to the next `#}`, for a comment
        before = ""
        for line, kind, value in _sandbox.lex(text):
            if kind == "comment_begin" and before.endswith("$"):
                raise TemplateFault(f"template: a comment begins here{_SHELL_HINT}", line)
            before = value
    return Template(names, text, compiled)


def _generate(compiled: jinja2.Template, variables: Mapping[str, Any]) -> str:
    """Render piece by piece, so that too much output ends early."""
    own = {name: _copied(value) for name, value in variables.items()}
    pieces, length = [], 0
    try:
        for piece in compiled.generate(own):
            pieces.append(piece)
            length += len(piece)
            if length > MAX_OUTPUT:
                raise _too_long()
    except (TemplateFault, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 a template's expressions may raise anything
        said = (
            error.message if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}: {str(error)[:200]}"
        )
        frames = traceback.walk_tb(error.__traceback__)  # Jinja puts the template's own lines in
        lines = [line for frame, line in frames if frame.f_code.co_filename == _FILE]
        raise TemplateFault(f"template: {said}", lines[-1] if lines else 1, may_quote=True) from None
    return "".join(pieces)


def _copied(value: Any) -> Any:
    """Return what a template may change without changing the value. Texts by their number are many and quickly copied."""
    if isinstance(value, dict) and all(isinstance(each, str) for each in value.values()):
        return copy.copy(value)
    return copy.deepcopy(value) if isinstance(value, list | dict) else value


def _too_long() -> TemplateFault:
    return TemplateFault(f"template: its output is longer than {MAX_OUTPUT} characters", 1)
