"""`podium init [FILE]`: write a first score that runs as it is, and say what comes next."""

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from podium.cli.calling.options import AsJson

FIRST_SCORE = """\
# A score: what to run, in which order, and how to tell that it worked.
#   podium validate {file}    checks it and shows the plan
#   podium run {file}         runs it here and follows it
name: {name}
workspace: ./{name}-out # commands run in this folder, which is made if missing; . is the folder of this file
strict: true # a sheet ends at its first command that fails, and at a failing part of a pipe

sheets: # the steps; those that need nothing start at once
  - name: measure
    run: |
      seq 1 20 > numbers.txt
      echo "wrote $(wc -l < numbers.txt) numbers"
    # retry: {{max_retries: 2}} # if it fails, try it again
    # timeout_seconds: 10m

  - name: report
    needs: [measure] # starts when these have completed
    run: |
      awk '{{ sum += $1 }} END {{ print "total: " sum }}' numbers.txt | tee report.txt
    validate: # exit code 0 is not enough: the sheet has completed if these hold too
      - content_contains: {{path: report.txt, pattern: "total: 210"}}
"""


def command(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="the file to write")] = Path("podium.yaml"),
    as_json: AsJson = False,
) -> None:
    """Write a first score that runs as it is, with comments on what matters. An existing file is never overwritten."""
    from podium.cli.terminal.door import in_line, line, print_json
    from podium.cli.terminal.following import show_following
    from podium.cli.terminal.stream import columns_of
    from podium.cli.views.own import WrittenView
    from podium.contract.paths import score_path
    from podium.errors import InvalidArguments

    if not file.suffix and file.name:
        raise InvalidArguments(
            f"{file} does not end in .yaml.", fix=f"Did you mean `podium init {shlex.quote(str(file))}.yaml`?"
        )
    score_path(str(file))
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except FileExistsError:
        raise InvalidArguments(
            f"{file} exists already, and was not touched.", fix=f"Give another name: podium init {_other(file)}"
        ) from None
    with open(descriptor, "w", encoding="utf-8") as score:  # noqa: PTH123 -- a descriptor, not a path
        score.write(FIRST_SCORE.format(file=file, name=_name_of(file)))
    if as_json:
        print_json(WrittenView(file=str(file)).model_dump())
        return
    typed = shlex.quote(str(file))
    line(f"Wrote {in_line(str(file))}: two sheets, the second needs the first and checks what it wrote.")
    others = {
        f"podium validate {typed}": "checks it, after you have changed it",
        "podium start": "starts the conductor, if none is running yet",
    }
    show_following(f"podium run {typed}", others, columns_of(sys.stdout))


def _name_of(file: Path) -> str:
    """Return the name of the job: of the file, as far as that is a plain name."""
    plain = "".join(letter for letter in file.stem if letter.isascii() and (letter.isalnum() or letter in "-_"))
    return "first" if plain in {"", "podium"} or not plain[0].isalpha() else plain


def _other(file: Path) -> str:
    """Return a name beside an existing file that is free."""
    numbers = (file.with_name(f"{file.stem}-{number}{file.suffix}") for number in range(2, 1000))
    return shlex.quote(str(next((each for each in numbers if not each.exists()), "FILE.yaml")))
