"""Instruments: the command-line tools that play sheets, each described by a YAML profile."""

from podium.conductor.instruments.classify import FailureKind, classify, retry_after_seconds
from podium.conductor.instruments.load import load_profiles
from podium.conductor.instruments.profile import Profile, find_executable

__all__ = ["FailureKind", "Profile", "classify", "find_executable", "load_profiles", "retry_after_seconds"]
