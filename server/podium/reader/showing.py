"""What a caller sees of a score: pages of its text, and what its sheets run."""

from collections.abc import Iterator, Sequence
from typing import Any

from podium.contract.score_text import ScoreText
from podium.contract.secrets.masks import Masker, Secret, secrets_in
from podium.contract.secrets.names import is_secret_name
from podium.errors import PodiumError
from podium.score.model.context import captured_files
from podium.score.model.plan import Plan, PlanSheet
from podium.score.templates.render import asks_for, render_script
from podium.score.text.document import DocumentFault, load
from podium.texts.score_text import command_of, is_score, looks_like_score, page_of

_WORKSPACE = "/job"  # stands for one that the conductor will choose


def page(text: str, first: int, most: int, secrets: Sequence[Secret], *, copies: bool = False) -> ScoreText:
    """Return a page of a score. Values that its own names show to be secrets are replaced wherever they stand.

    A file is taken for a score if its top level has the key of its sheets, or, if it is not valid YAML, a line with that key. Of
    anything else nothing is shown: a path may name any file of its owner that ends in .yaml, and those are not read to callers.
    """
    try:
        root = load(text).root
    except DocumentFault:
        root, taken = None, looks_like_score(text)
    else:
        taken = is_score(root)
    if not taken:
        return ScoreText(first_line=first, is_score=False)
    return page_of(text, first=first, most=most, masker=_masker(root, secrets), copies=copies)


def masker_of(text: str, secrets: Sequence[Secret]) -> Masker:
    """Return what knows these secrets and those among the values of a score."""
    try:
        return _masker(load(text).root, secrets)
    except DocumentFault:
        return Masker(secrets)


def _masker(root: Any, secrets: Sequence[Secret]) -> Masker:
    return Masker(dict.fromkeys([*secrets, *_secrets(root)]))


def _secrets(root: Any) -> Iterator[Secret]:
    """Yield the secrets among the single values of a document."""
    ahead = [root]
    while ahead:
        value = ahead.pop()
        if isinstance(value, list):
            ahead += [each for each in value if isinstance(each, dict | list)]
        elif isinstance(value, dict):
            ahead += [each for each in value.values() if isinstance(each, dict | list)]
            texts = {str(key): each for key, each in value.items() if isinstance(each, str)}
            # A command is no value: what it names itself is hidden where it stands, under that name.
            yield from secrets_in({key: each for key, each in texts.items() if is_secret_name(key) or " " not in each})


def commands(plan: Plan, masker: Masker) -> tuple[str, ...]:
    """Return what each sheet runs, each in a line; a template that cannot be rendered yet as it is written."""
    return tuple(command_of(_script(plan, sheet), masker) for sheet in plan.sheets)


def _script(plan: Plan, sheet: PlanSheet) -> str:
    """Return the sheet's text; one that shows what earlier sheets wrote says more as it is written."""
    template = plan.templates[sheet.template]
    if sheet.uses_previous_outputs or (captured_files(plan, sheet) and asks_for(template, "previous_files")):
        return template
    try:
        return render_script(plan, sheet, workspace=plan.workspace or _WORKSPACE, previous_outputs={})
    except PodiumError:
        return template
