"""The map of the house names files and folders that exist."""

import re

from tests.support.source_tree import REPOSITORY

PAGES = [REPOSITORY / ".github" / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
ROOTS = ("server/podium", "tools/", "tests/", "docs/", "examples/", ".github/", ".ci/")
ROOM_ROWS = re.compile(r"^\| `(\w+)/` \|", re.MULTILINE)


def test_every_path_on_the_map_exists() -> None:
    named = {(page, path) for page in PAGES for path in re.findall(r"`([^`\s]+)`", page.read_text())}
    paths = {(page, path) for page, path in named if path.startswith(ROOTS)}
    assert len(paths) > 40
    assert not [f"{page.name}: {path}" for page, path in sorted(paths) if not (REPOSITORY / path).exists()]


def test_every_link_between_the_pages_leads_somewhere() -> None:
    links = {(page, link) for page in PAGES for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())}
    assert links
    assert not [f"{page.name}: {link}" for page, link in sorted(links) if not (page.parent / link).exists()]


def test_every_room_of_the_conductor_is_on_the_map() -> None:
    conductor = REPOSITORY / "server" / "podium" / "conductor"
    rooms = {path.name for path in conductor.iterdir() if (path / "__init__.py").exists()}
    assert set(ROOM_ROWS.findall(PAGES[0].read_text())) == rooms
