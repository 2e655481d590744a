"""The checks that decide whether a sheet succeeded: a file for each type, and the runner of stages, retries and time limits.

They only read, and may run again after a crash.
"""

from podium.conductor.attempts.validations.context import ValidationContext
from podium.conductor.attempts.validations.runner import validate

__all__ = ["ValidationContext", "validate"]
