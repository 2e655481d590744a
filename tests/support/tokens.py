"""How many tokens a text is: by o200k_base where Node and npm are, else estimated from its bytes.

The encoding comes with the npm package js-tiktoken. `python -m tests.support.tokens` puts it into the git-ignored build folder;
tests never fetch anything, so that they cannot wait for a network that is not there.
"""

import json
import shutil
import subprocess
from collections.abc import Sequence

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


def count_tokens(texts: Sequence[str], bytes_a_token: float = BYTES_A_TOKEN) -> list[int]:
    """Return the number of tokens of each text, estimated with `bytes_a_token` without the encoder. Long runs without a space take the encoder very long: keep them short."""
    if not has_encoder():
        return [round(len(text.encode()) / bytes_a_token) for text in texts]
    command = ["node", "-e", _SCRIPT]
    done = subprocess.run(
        command, input=json.dumps(list(texts)), cwd=FOLDER, capture_output=True, text=True, check=True
    )
    counts: list[int] = json.loads(done.stdout)
    return counts


def has_encoder() -> bool:
    """Whether the real encoding can be asked."""
    return shutil.which("node") is not None and (FOLDER / "node_modules" / "js-tiktoken").is_dir()


if __name__ == "__main__" and not has_encoder():
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", str(FOLDER), "--no-audit", "--no-fund", "--silent", PACKAGE]
    subprocess.run(command, cwd=FOLDER, check=True, timeout=120)
