"""Reading replies. A reply that does not fit its model does not come from a conductor that this proxy knows."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from podium.client.link import failures
from podium.contract.methods import checked
from podium.log import get_logger

log = get_logger()

Model = TypeVar("Model")


def read(model: type[Model], reply: Any, path: Path) -> Model:
    """Return a reply of the conductor on `path` as its model.

    Raises:
        ConductorMismatch: the reply does not fit.
    """
    try:
        return checked(model, reply)
    except ValidationError as error:
        log.warning("reply_not_understood", model=str(model), reason=repr(error))
        raise failures.foreign(path, "its answer to a known method has an unknown form") from error
