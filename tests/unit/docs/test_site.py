"""The site holds together: nav, links, anchors and commands, as far as that can be seen without building it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from podium.cli.inventory import ALIASES, COMMANDS
from podium.errors import CODES
from tests.support.docs.reference import DOCS
from tests.support.source_tree import REPOSITORY

PAGES = sorted(DOCS.rglob("*.md"))
SITE: dict[str, Any] = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"))
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?:`|^\$ )podium ([a-z]+)", re.MULTILINE)


def entries(nav: Any) -> Iterator[str]:
    """Return the pages of a nav, in its order."""
    if isinstance(nav, str):
        yield nav
    else:
        for each in nav.values() if isinstance(nav, dict) else nav:
            yield from entries(each)


def prose(path: Path) -> str:
    """Return a page without its blocks of code."""
    return _FENCED.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page, as the toc extension of Markdown makes them."""
    titles = [re.sub(r"[`*]", "", title) for title in _HEADING.findall(prose(path))]
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower()) for title in titles}


def links(path: Path) -> Iterator[tuple[str, str]]:
    """Return the links of a page to others, each as a path and an anchor."""
    for link in _LINK.findall(prose(path)):
        if "://" not in link:
            target, _, anchor = link.partition("#")
            yield target, anchor


def test_nav_names_each_page_once_and_no_other() -> None:
    assert sorted(entries(SITE["nav"])) == [str(path.relative_to(DOCS)) for path in PAGES]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(DOCS)))
def test_a_link_leads_to_a_page_and_a_heading_that_are_there(path: Path) -> None:
    for target, anchor in links(path):
        page = (path.parent / target).resolve() if target else path
        assert not target.startswith("/"), f"{target} is an absolute path"
        assert page in PAGES, f"{target} is no page of the site"
        assert not anchor or anchor in anchors(page), f"{target} has no heading #{anchor}"


def test_every_command_that_a_page_names_is_there() -> None:
    named = {(path.name, word) for path in PAGES for word in _COMMAND.findall(path.read_text(encoding="utf-8"))}
    assert len(named) > 20
    assert sorted(each for each in named if each[1] not in {*COMMANDS, *ALIASES}) == []


def test_troubleshooting_has_an_entry_for_every_error_code() -> None:
    _, _, text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8").partition("## By error code\n")
    assert re.findall(r"^### (\w+)$", text, re.MULTILINE) == list(CODES)


def test_the_site_asks_nobody_for_anything() -> None:
    assert SITE["theme"]["font"] is False
    assert SITE["plugins"] == ["search"]
    assert not {"repo_url", "extra_javascript"} & set(SITE)
    assert SITE["extra"] == {"generator": False}
    assert all((DOCS / path).is_file() for path in SITE["extra_css"])
