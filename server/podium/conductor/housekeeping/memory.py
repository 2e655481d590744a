"""Giving memory back to the system.

Memory that the objects of a large job leave free inside the C library's heaps stays resident until the library is asked to
release it: after 6,000 sheets that was a third of the whole.
"""

import ctypes
import gc

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # only glibc has it


def give_back() -> None:
    """Collect garbage and return free memory to the system. Takes some 50 ms and holds the interpreter for part of it, so call
    it when nothing else happens.
    """
    gc.collect()
    if _trim is not None:
        _trim(0)
