"""Drawings of plain characters: lines of pieces, each with the name of its style."""
