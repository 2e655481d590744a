"""What the documentation shows is what happens. `PODIUM_UPDATE_GOLDEN=1` writes the output of its commands anew."""

import os
from collections import Counter
from pathlib import Path

import pytest

from podium.settings import Settings
from tests.support.compiled import compiled_example
from tests.support.docs.blocks import LEFT_OUT, Block, Step, blocks, console_text
from tests.support.docs.reference import DOCS
from tests.support.docs.session import Session, differs, session, stable
from tests.support.golden import UPDATE

PAGES = sorted(DOCS.rglob("*.md"))
WITH_COMMANDS = [path for path in PAGES if any(block.language == "console" for block in blocks(path))]
SCORES = [
    pytest.param(path, block, id=f"{path.relative_to(DOCS)}-{block.title or number}")
    for path in PAGES
    for number, block in enumerate(blocks(path), 1)
    if block.language == "yaml" and not block.not_run
]
NOT_RUN = {
    "installs a package": 1,
    "changes what the system starts": 1,
    "settings, no score": 3,
    "needs a cluster": 3,
}
"""The reasons for which blocks are not run, and of how many each is. Whoever adds one makes a promise less."""


def name(path: Path) -> str:
    """Return the name of a page."""
    return str(path.relative_to(DOCS))


@pytest.mark.parametrize("path", WITH_COMMANDS, ids=name)
def test_every_command_of_a_page_does_what_is_shown(path: Path, short_tmp: Path, home: Settings) -> None:
    page = path.read_text(encoding="utf-8")
    played: list[tuple[Block, list[Step]]] = []
    with session(short_tmp, home, page) as running:
        for block in blocks(path):
            if block.language == "console" and not block.not_run:
                played.append((block, play(running, block)))
            elif block.title:
                running.write(block)
    for block, steps in reversed(played):
        if steps != block.steps:
            page = f"{page[: block.start]}{console_text(steps)}{page[block.end :]}"
    if os.environ.get(UPDATE):
        path.write_text(page, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == page


def play(running: Session, block: Block) -> list[Step]:
    """Run the commands of a block; return them with their output where that is not the one that is shown."""
    steps = []
    for number, step in enumerate(block.steps, 1):
        code, real = running.run(step.command)
        expected = block.exit_code if number == len(block.steps) else 0
        assert code == expected, f"$ {step.command}\n" + "\n".join(real)
        wrong = bool(step.shown) and differs(step.shown, real)
        assert not (wrong and LEFT_OUT in step.shown), f"$ {step.command}\n" + "\n".join(real)
        steps.append(Step(step.command, tuple(stable(real))) if wrong else step)
    return steps


@pytest.mark.parametrize(("path", "block"), SCORES)
def test_every_score_of_a_page_is_a_score(path: Path, block: Block, tmp_path: Path) -> None:
    assert compiled_example(block.text, tmp_path).sheets, path


def test_only_these_few_blocks_are_not_run() -> None:
    assert Counter(block.not_run for path in PAGES for block in blocks(path) if block.not_run) == NOT_RUN
