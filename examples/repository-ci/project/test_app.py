"""Tests of the adding."""

import unittest

from app import total


class Total(unittest.TestCase):
    """What `total` answers."""

    def test_numbers_are_added(self) -> None:
        """Two and two."""
        self.assertEqual(total(["2", "2"]), 4)

    def test_nothing_is_zero(self) -> None:
        """No number at all."""
        self.assertEqual(total([]), 0)
