"""What another user than root meets, tried in a child of the tests' process."""

import os
import traceback
from collections.abc import Callable

NOBODY = 65534


def as_another_user(act: Callable[[], str]) -> str:
    """Return what `act` returns in a child process that is nobody's, if this one is root's; or the traceback of its error."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:  # nothing may leave this block: the child would go on with the tests, beside this process
            if os.getuid() == 0:
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            os.write(writing, act().encode())
        except BaseException:  # noqa: BLE001 -- the test tells of it, whatever it is
            os.write(writing, traceback.format_exc().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return told.decode()
