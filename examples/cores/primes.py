"""Count the primes from FIRST up to, and without, END: `python3 primes.py FIRST END`."""

import sys


def is_prime(number: int) -> bool:
    """Return whether a number has no divisor but 1 and itself."""
    return number > 1 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))


first, end = (int(argument) for argument in sys.argv[1:])
print(sum(map(is_prime, range(first, end))))
