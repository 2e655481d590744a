"""Job ids: `<slug>-<5 base32>`, short enough to retype, and never given twice.

The suffix is the job's number in its home, scrambled: every number has its own suffix, so nothing has to be looked up, and
consecutive ids do not look alike. Each home scrambles differently.
"""

import re

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # base32 without the letters and digits that look alike
_SUFFIX_CHARS = 5
_SLUG_CHARS = 30
_FACTOR = 0x9E3779B1  # odd, so multiplying by it permutes the numbers of any bit length


def job_id_of(name: str, number: int, home_id: str) -> str:
    """Return the id of the job with this number in the home with this id (hexadecimal)."""
    chars, salt = max(_SUFFIX_CHARS, -(-number.bit_length() // 5)), int(home_id, 16)
    bits = 5 * chars
    mask = (1 << bits) - 1
    # Each step is reversible, so together they permute the numbers below 2**bits.
    value = (number * _FACTOR + salt) & mask
    value ^= value >> (bits // 2)
    value = (value * _FACTOR + (salt >> 16)) & mask
    suffix = "".join(_ALPHABET[(value >> (5 * place)) & 31] for place in reversed(range(chars)))
    return f"{slug(name)}-{suffix}"


def slug(name: str) -> str:
    """Return the readable part of an id: ASCII letters, digits and single dashes."""
    text = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_SLUG_CHARS].strip("-")
    return text or "job"
