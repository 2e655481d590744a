"""The page about the errors: each code with what it means, and every message with its fix, as the source has them."""

import re

from podium.cli.shared.exits import code_named
from podium.errors import BY_CODE, CODES, PodiumError
from tests.support.docs.markdown import code, document, plain, sentence, table
from tests.support.error_texts import error_texts

_FILLED = re.compile(r"\{(?:(?:\w+\.)*([a-z]\w*)|(?:[^{}]|\{[^{}]*\})+)\}")
_INTRO = (
    "Every error has a code, a message, a fix, and `retryable`: whether the same call may succeed later. Tools return them as an "
    "object, commands print message and fix and end with the exit code. Words in braces are filled in. [Troubleshooting]"
    "(../troubleshooting.md#by-error-code) says for each code what to do first."
)


def errors_page() -> str:
    """Return the page."""
    return document("Errors", _INTRO, *(_section(name) for name in CODES))


def _section(name: str) -> str:
    cls = BY_CODE[name]
    bases = [each.__name__ for each in cls.__mro__[1:] if not issubclass(each, PodiumError) and each is not object]
    also = next((base for base in bases if base not in {"Exception", "BaseException"}), "")
    facts = [f"Exit code {int(code_named(name))}", "retryable" if cls.retryable else "not retryable"]
    facts += [f"class {code(cls.__name__)}{f', a {code(also)}' if also else ''}"]
    rows = {
        (plain(_whole(text.message)), plain(_whole(text.fix))): None
        for text in error_texts()
        if text.code == name and not _FILLED.fullmatch(text.message)
    }
    return "\n\n".join(
        filter(
            None, [f"## {name}", plain(sentence(cls.__doc__)), f"{'; '.join(facts)}.", table(("message", "fix"), rows)]
        )
    )


def _whole(text: str) -> str:
    """Return a template on one line, with names for what is filled in."""
    return _FILLED.sub(lambda found: f"{{{found[1] or '...'}}}", " ".join(text.split()))
