"""The text of a release is what the changelog says of its version, and nothing of its neighbours."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.source_tree import REPOSITORY

CHANGELOG = """# Changelog

## [Unreleased]

- something [new](docs/new.md)

## [1.1.0] - 2027-02-03

### Fixed

- a bug, see [the page](docs/bug.md) and [elsewhere](https://example.org/)

## [1.0.0] - 2027-01-02

## [0.9.0] - 2026-12-01

- the first
"""


@pytest.fixture
def changelog(tmp_path: Path) -> Path:
    """Return a changelog with three releases, one of which says nothing."""
    path = tmp_path / "CHANGELOG.md"
    path.write_text(CHANGELOG)
    return path


def notes(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the script as `make release-notes` does."""
    script = REPOSITORY / ".ci" / "release_notes.py"
    return subprocess.run(
        [sys.executable, str(script), *words], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("asked", ["1.1.0", "v1.1.0"])
def test_the_notes_of_a_version_are_its_section_with_links_to_the_files_of_that_release(
    changelog: Path, asked: str
) -> None:
    done = notes(asked, str(changelog))
    page = "https://github.com/podium-mcp/podium/blob/v1.1.0/docs/bug.md"
    assert done.stdout == f"### Fixed\n\n- a bug, see [the page]({page}) and [elsewhere](https://example.org/)\n"


@pytest.mark.parametrize("asked", ["", "unreleased", "Unreleased"])
def test_without_a_version_the_notes_are_what_the_next_release_would_say(changelog: Path, asked: str) -> None:
    done = notes(asked, str(changelog))
    assert done.stdout == "- something [new](https://github.com/podium-mcp/podium/blob/main/docs/new.md)\n"


def test_the_last_version_ends_with_the_file(changelog: Path) -> None:
    assert notes("0.9.0", str(changelog)).stdout == "- the first\n"


@pytest.mark.parametrize(
    ("asked", "why"), [("3.0.0", "it has Unreleased, 1.1.0, 1.0.0, 0.9.0"), ("1.0.0", "says nothing")]
)
def test_a_version_without_notes_is_refused_so_that_no_empty_release_is_made(
    changelog: Path, asked: str, why: str
) -> None:
    done = notes(asked, str(changelog))
    assert done.returncode == 2
    assert why in done.stderr
    assert not done.stdout


def test_the_changelog_of_this_repository_has_notes_for_the_next_release() -> None:
    assert notes().stdout.startswith("### ")
