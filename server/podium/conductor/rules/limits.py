"""What the reason of a waiting sheet says when it waits for the rate limit of its instrument, and not for a retry."""

LIMITED_UNTIL = "is rate limited until"  # after the instrument
STILL_LIMITED = "is still rate limited"  # the same in a healing round


def waits_for_limit(reason: str) -> bool:
    """Return whether a waiting sheet waits for a rate limit, given its reason."""
    _, _, why = reason.partition(" ")  # the name of an instrument has no space
    return why.startswith((LIMITED_UNTIL, STILL_LIMITED))
