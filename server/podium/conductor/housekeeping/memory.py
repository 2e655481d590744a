"""Giving memory back to the system.

What the objects of a large job leave free inside the C library's heaps stays resident until the library is asked for it: after
6,000 sheets that was a third of the whole.
"""

import ctypes
import gc

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it; others do without


def give_back() -> None:
    """Return free memory to the system, after what only cycles keep is freed. Takes some 50 ms, of which the collection holds
    the interpreter; so call it when nothing happens.
    """
    gc.collect()
    if _trim is not None:
        _trim(0)
