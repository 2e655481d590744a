"""The generated pages of the documentation, by their names in `docs/reference/`."""

from collections.abc import Callable

from tests.support.docs.answers import answers_page
from tests.support.docs.commands import commands_page
from tests.support.docs.errors import errors_page
from tests.support.docs.events import events_page
from tests.support.docs.marianne import marianne_page
from tests.support.docs.score import score_page
from tests.support.docs.settings import settings_page
from tests.support.docs.slurm import slurm_page
from tests.support.docs.tools import tools_page
from tests.support.source_tree import REPOSITORY

DOCS = REPOSITORY / "docs"
FOLDER = DOCS / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "score.md": score_page,
    "marianne.md": marianne_page,
    "tools.md": tools_page,
    "commands.md": commands_page,
    "json.md": answers_page,
    "settings.md": settings_page,
    "events.md": events_page,
    "errors.md": errors_page,
    "slurm.md": slurm_page,
}
