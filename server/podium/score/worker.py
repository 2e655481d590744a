"""`python -m podium.score.worker REQUEST REPLY`: compile a large score in a process that can be killed.

Both files are JSON. The request holds the arguments of `compile_score`; the reply the stored plan, or the error's object.
"""

import gc
import json
import sys
from pathlib import Path
from typing import Any

from podium.errors import PodiumError
from podium.score.compile import compile_score
from podium.score.model.plan import dump_plan


def main() -> None:
    """Compile the request, without garbage collection: the process lives for one score."""
    gc.disable()
    request, reply = (Path(argument) for argument in sys.argv[1:3])
    asked: dict[str, Any] = json.loads(request.read_text("utf-8"))
    found: dict[str, Any]
    path = Path(asked["path"]) if asked["path"] else None
    try:
        found = {"plan": dump_plan(compile_score(**{**asked, "path": path, "cwd": Path(asked["cwd"])}))}
    except PodiumError as error:
        found = {"error": error.as_dict()}
    reply.write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main()
