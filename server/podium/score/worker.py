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
    """Compile the request; the process lives for one score, so nothing is collected."""
    gc.disable()
    request, reply = (Path(argument) for argument in sys.argv[1:3])
    reply.write_text(json.dumps(_compiled(json.loads(request.read_text("utf-8")))), "utf-8")


def _compiled(request: dict[str, Any]) -> dict[str, Any]:
    path = request.pop("path")
    try:
        plan = compile_score(**{**request, "path": Path(path) if path else None, "cwd": Path(request["cwd"])})
    except PodiumError as error:
        return {"error": error.as_dict()}
    return {"plan": dump_plan(plan)}


if __name__ == "__main__":
    main()
