"""What sheets need, in words, and what a machine has to share out among them."""

from pydantic import BaseModel, ConfigDict

from podium.contract.secrets.beside import without_named_secrets
from podium.score.model.plan import EngineName, Resources
from podium.texts.sizes import size_text
from podium.times import span


class Machine(BaseModel):
    """What the conductor's machine has in total for sheets. 0, of GPUs None: it is not known, and nothing is too much.

    `gpus` are the numbers by which the programs of their vendor know them. How much of it is in use is counted in amounts (see
    `conductor.rules.capacity`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cpus: int = 0
    memory_bytes: int = 0
    gpus: tuple[int, ...] | None = None
    memory_is_limit: bool = True  # a sheet that takes more memory than it asked for is ended; else that is only counted


UNKNOWN_MACHINE = Machine()


def in_words(engine: EngineName, resources: Resources) -> str:
    """Return what a sheet needs and where it runs, "" if it is on this machine and asks for nothing."""
    asked = {
        "cpus": resources.cpus,
        "memory": resources.memory_bytes and size_text(resources.memory_bytes),
        "gpus": resources.gpus,
        "time": resources.time_seconds and span(resources.time_seconds),
        "nodes": resources.nodes,
        "partition": resources.partition,
        "account": resources.account,
        "qos": resources.qos,
        "constraint": resources.constraint,
    }
    parts = ["slurm"] if engine == "slurm" else []
    parts += [f"{name} {value}" for name, value in asked.items() if value]
    return without_named_secrets(", ".join([*parts, *resources.extra]))  # it is only shown
