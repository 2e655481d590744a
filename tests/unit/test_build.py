"""What the build adds: a version from git's tags, in every kind of source tree, and links that work outside the repository."""

import subprocess
from pathlib import Path

import pytest
from packaging.version import Version

from hatch_build import FIRST, readme_of, version_of

HERE = "https://example.org/podium"
TAGS = [("v1.2.3", "1.2.3"), ("v0.9.0", "0.9.0"), ("v10.0.11", "10.0.11")]


class Tree:
    """A small git repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet")
        self.write("a file")

    def git(self, *words: str) -> str:
        """Run git there."""
        who = [
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@localhost",
            "-c",
            "commit.gpgsign=false",
            "-c",
            "tag.gpgsign=false",
        ]
        done = subprocess.run(
            ["git", *who, *words], cwd=self.folder, check=True, capture_output=True, text=True, timeout=30
        )
        return done.stdout.strip()

    def write(self, text: str) -> str:
        """Commit a text; return the short name of the commit."""
        (self.folder / "README.md").write_text(text)
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", text)
        return self.git("rev-parse", "--short=7", "HEAD")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Return a repository with one commit and no tag."""
    return Tree(tmp_path)


@pytest.mark.parametrize(("tag", "version"), TAGS)
def test_a_tagged_commit_has_the_version_of_its_tag(tree: Tree, tag: str, version: str) -> None:
    tree.git("tag", tag)
    tree.git("tag", "nightly")
    assert version_of(tree.folder) == version


def test_commits_after_a_tag_count_towards_the_next_version(tree: Tree) -> None:
    tree.git("tag", "v1.2.3")
    tree.write("one")
    commit = tree.write("two")
    assert version_of(tree.folder) == f"1.2.4.dev2+g{commit}"
    assert Version("1.2.3") < Version(version_of(tree.folder)) < Version("1.2.4")


def test_a_changed_tree_is_not_the_release(tree: Tree) -> None:
    commit = tree.git("rev-parse", "--short=7", "HEAD")
    tree.git("tag", "v1.2.3")
    (tree.folder / "README.md").write_text("changed")
    assert version_of(tree.folder) == f"1.2.4.dev0+g{commit}.dirty"


def test_a_clone_without_tags_counts_from_the_changelog(tree: Tree) -> None:
    commit = tree.git("rev-parse", "--short=7", "HEAD")
    assert version_of(tree.folder) == f"{FIRST}.dev0+g{commit}"
    (tree.folder / "CHANGELOG.md").write_text(
        "# Changelog\n\n## [Unreleased]\n\n## [2.0.9] - 2027-01-02\n\n## [2.0.8]\n"
    )
    assert version_of(tree.folder) == f"2.0.10.dev0+g{commit}"


def test_a_tree_without_git_has_a_version_also_inside_another_repository(tree: Tree) -> None:
    tree.git("tag", "v1.2.3")
    inner = tree.folder / "unpacked"
    inner.mkdir()
    assert version_of(inner) == f"{FIRST}.dev0"


def test_links_to_files_become_absolute_and_others_stay() -> None:
    text = (
        '[a](docs/a.md) [b](https://b.example/) [c](#part) ![d](./docs/d.svg) <img src="docs/e.svg"> <a href="f/">f</a>'
    )
    assert readme_of(text, HERE, "1.2.4.dev1+g0123456") == (
        f"[a]({HERE}/blob/main/docs/a.md) [b](https://b.example/) [c](#part) ![d]({HERE}/raw/main/docs/d.svg) "
        f'<img src="{HERE}/raw/main/docs/e.svg"> <a href="{HERE}/blob/main/f/">f</a>'
    )


def test_the_links_of_a_release_lead_to_its_own_files() -> None:
    assert readme_of("[a](docs/a.md#x)", HERE, "1.2.3") == f"[a]({HERE}/blob/v1.2.3/docs/a.md#x)"


def test_a_picture_that_is_a_link_has_two_absolute_addresses() -> None:
    assert (
        readme_of("[![p](p.svg)](q.md)", HERE, "1.0.0") == f"[![p]({HERE}/raw/v1.0.0/p.svg)]({HERE}/blob/v1.0.0/q.md)"
    )
