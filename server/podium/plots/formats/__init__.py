"""Graphs and records in the languages of other programs."""
