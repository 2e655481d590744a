"""How many tokens a text is: by o200k_base where Node and npm are, else estimated from its bytes.

The encoding comes with the npm package js-tiktoken, which is put into the git-ignored build folder when it is first needed.
"""

import json
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache

from tests.support.source_tree import REPOSITORY

PACKAGE = "js-tiktoken@1.0.21"
FOLDER = REPOSITORY / "build" / "tokens"
BYTES_A_TOKEN = 4.4  # of compact JSON schema, measured with o200k_base
_SCRIPT = """
const { getEncoding } = require("js-tiktoken");
const encoding = getEncoding("o200k_base");
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(texts.map((text) => encoding.encode(text, "all").length)));
"""


def count_tokens(texts: Sequence[str]) -> list[int]:
    """Return the number of tokens of each text. Long runs without a space take the encoder very long: keep them short."""
    if not has_encoder():
        return [round(len(text.encode()) / BYTES_A_TOKEN) for text in texts]
    command = ["node", "-e", _SCRIPT]
    done = subprocess.run(
        command, input=json.dumps(list(texts)), cwd=FOLDER, capture_output=True, text=True, check=True
    )
    counts: list[int] = json.loads(done.stdout)
    return counts


@cache
def has_encoder() -> bool:
    """Whether the real encoding can be asked."""
    if not shutil.which("node"):
        return False
    return (FOLDER / "node_modules" / "js-tiktoken").is_dir() or _installed()


def _installed() -> bool:
    npm = shutil.which("npm")
    if npm is None:
        return False
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--prefix", str(FOLDER), "--no-audit", "--no-fund", "--silent", PACKAGE]
    try:
        return subprocess.run(command, cwd=FOLDER, capture_output=True, timeout=30, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False
