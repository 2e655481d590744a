"""What the build adds to `pyproject.toml`: the version, from the tags of git, and the README with links that work anywhere.

Hatchling calls it for wheels, source distributions and editable installs. A source distribution carries both in its PKG-INFO, so
it is built without git. The package has the version in a file, `podium/version.txt`, which is read faster than the metadata.
"""

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

VERSION_FILE = "podium/version.txt"
FIRST = "0.1.0"  # the first release, while the changelog has none
GIT_SECONDS = 20
_DESCRIBED = re.compile(
    r"(?:v(?P<release>\d+\.\d+\.\d+)-(?P<commits>\d+)-g)?(?P<commit>[0-9a-f]{7,40})(?P<dirty>-dirty)?"
)
_RELEASED = re.compile(r"^## \[(\d+\.\d+\.\d+)\]", re.MULTILINE)
_LINK = re.compile(r"""(\]\(|\b(?:src|srcset|href)=")(?!\w+:|\#|//)(?:\./)?([^)"\s]+)""")  # one that is relative
_PICTURE = (".svg", ".png", ".gif", ".jpg", ".webp")


def version_of(root: Path) -> str:
    """Return the version of a source tree.

    At a tag `v1.2.3` that is `1.2.3`, and later, or with changes that are not committed, `1.2.4.dev5+g0123456`. Without a tag
    the version after the changelog's newest release takes the place of `1.2.4`; without git there is no commit to name.
    """
    described = _DESCRIBED.fullmatch(_describe(root))
    if described is None:
        return f"{_next(root)}.dev0"
    dirty = ".dirty" if described["dirty"] else ""
    release, commits = described["release"], described["commits"]
    if release and commits == "0" and not dirty:
        return release
    return f"{_after(release) if release else _next(root)}.dev{commits or 0}+g{described['commit']}{dirty}"


def readme_of(text: str, repository: str, version: str) -> str:
    """Return a README with links to the files of a repository made absolute: to the tag of a release, or else to `main`."""
    ref = "main" if ".dev" in version else f"v{version}"

    def absolute(link: re.Match[str]) -> str:
        before, target = link.groups()
        kind = "raw" if target.endswith(_PICTURE) else "blob"  # the file itself, or a page that shows it
        return f"{before}{repository}/{kind}/{ref}/{target}"

    return _LINK.sub(absolute, text)


class Metadata(MetadataHookInterface):
    """Fills in `version` and `readme`, unless they came with a source distribution."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add what is missing."""
        root = Path(self.root)
        metadata.setdefault("version", version_of(root))
        if "readme" not in metadata:
            text = readme_of(
                (root / "README.md").read_text("utf-8"), metadata["urls"]["Repository"], metadata["version"]
            )
            metadata["readme"] = {"content-type": "text/markdown", "text": text}


class VersionFile(BuildHookInterface[BuilderConfig]):
    """Puts the version into the package: a wheel gets a file of its own, an editable install one in the source tree."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the file; `version` is the kind of wheel. A tree is changed only by its own installation: it may be in use."""
        if self.target_name != "wheel":
            return
        if version == "editable":
            path = Path(self.root) / "server" / VERSION_FILE
            draft = path.with_suffix(f".{os.getpid()}")
            draft.write_text(f"{self.metadata.version}\n", "ascii")
            draft.replace(path)
            return
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "version.txt"
        path.write_text(f"{self.metadata.version}\n", "ascii")
        build_data["force_include"][str(path)] = VERSION_FILE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what the wheel has taken."""
        if folder := getattr(self, "_folder", None):
            folder.cleanup()


def _describe(root: Path) -> str:
    """Return what git says of the tree, "" if it is no work tree of its own or git cannot be asked."""
    if not (root / ".git").exists():  # a source distribution inside another repository must not get that one's version
        return ""
    command = [
        "git",
        "describe",
        "--tags",
        "--match",
        "v[0-9]*.[0-9]*.[0-9]*",
        "--long",
        "--always",
        "--dirty",
        "--abbrev=7",
    ]
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith("GIT_")
    }  # of a hook of another repository
    try:
        done = subprocess.run(  # noqa: S603
            command, cwd=root, env=ours, capture_output=True, text=True, check=True, timeout=GIT_SECONDS
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _next(root: Path) -> str:
    changelog = root / "CHANGELOG.md"
    released = _RELEASED.search(changelog.read_text("utf-8")) if changelog.exists() else None
    return _after(released[1]) if released else FIRST


def _after(release: str) -> str:
    major, minor, patch = release.split(".")
    return f"{major}.{minor}.{int(patch) + 1}"
