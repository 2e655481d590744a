"""Instruments: the command-line tools that play sheets, each described by a profile."""
