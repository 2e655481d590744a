"""Job ids: `<slug>-<5 base32>`, short enough to retype and unique for ever.

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
    bits = max(5 * _SUFFIX_CHARS, 5 * -(-number.bit_length() // 5))
    return f"{slug(name)}-{_base32(_scrambled(number, int(home_id, 16), bits), bits // 5)}"


def slug(name: str) -> str:
    """Return the readable part of an id: ASCII letters, digits and single dashes."""
    text = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_SLUG_CHARS].strip("-")
    return text or "job"


def _scrambled(number: int, salt: int, bits: int) -> int:
    """Permute the numbers below 2**bits: each step is reversible."""
    mask = (1 << bits) - 1
    value = (number * _FACTOR + salt) & mask
    value ^= value >> (bits // 2)
    return (value * _FACTOR + (salt >> 16)) & mask


def _base32(value: int, chars: int) -> str:
    return "".join(_ALPHABET[(value >> (5 * place)) & 31] for place in reversed(range(chars)))
