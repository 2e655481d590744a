"""Drawings as SVG: one file that needs nothing else, or a part of a page whose style sheet it shares."""
