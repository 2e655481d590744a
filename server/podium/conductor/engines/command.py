"""The command line of an attempt, which is the same on every engine."""

from podium.conductor.engines.port import AttemptSpec
from podium.conductor.processes.keepers.child import PLAY

STRICT = ("-euo", "pipefail")
BECOME = 'cd -- "$1" || exit 126; shift; exec -- "$@"'


def command(spec: AttemptSpec, bash: str, script: str) -> list[str]:
    """Return the command line of an attempt: bash in the workspace, which plays the script or becomes the instrument."""
    if spec.argv:
        return [bash, "-c", BECOME, "podium", str(spec.workspace), *spec.argv]
    return [bash, *(STRICT if spec.strict else ()), "-c", PLAY, script, str(spec.workspace)]
