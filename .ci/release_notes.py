"""Print what the changelog says of one version, as the text of its release: `make release-notes VERSION=1.2.3`.

Links to files of the repository become absolute, since the page of a release is none of its files. Without a version, or with
`unreleased`, it is what the next release would say.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hatch_build import readme_of  # noqa: E402

HEADING = re.compile(r"^## \[(?P<version>[^\]]+)\].*$", re.MULTILINE)


def notes_of(changelog: str, version: str) -> str:
    """Return the section of a version, without its heading.

    Raises:
        ValueError: there is none, or it says nothing.
    """
    headings = list(HEADING.finditer(changelog))
    names = [heading["version"] for heading in headings]
    found = (
        [each.lower() for each in names].index(version.lower()) if version.lower() in map(str.lower, names) else None
    )
    if found is None:
        raise ValueError(f"The changelog has no version {version}; it has {', '.join(names)}.")
    end = headings[found + 1].start() if found + 1 < len(headings) else len(changelog)
    text = changelog[headings[found].end() : end].strip()
    if not text:
        raise ValueError(f"The changelog says nothing of version {version}.")
    return text


def main(arguments: list[str]) -> int:
    """Print the notes; with a second argument from that changelog. Return the exit code: 2 if there are none."""
    version = arguments[0].removeprefix("v") if arguments and arguments[0] else "unreleased"
    path = Path(arguments[1]) if len(arguments) > 1 else ROOT / "CHANGELOG.md"
    repository = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]["Repository"]
    try:
        text = notes_of(path.read_text("utf-8"), version)
    except ValueError as error:
        print(f"release-notes: {error}", file=sys.stderr)
        return 2
    print(readme_of(text, repository, version if version[0].isdigit() else "0.dev"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
