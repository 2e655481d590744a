"""The named form of a score."""
