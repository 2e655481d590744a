"""What a start gives to the environment of its sheets."""

from collections.abc import Collection

from podium.errors import InvalidArguments
from podium.score.model.plan import RESERVED_ENV, Plan


def check_given(plan: Plan, names: Collection[str]) -> None:
    """Refuse a start that lacks a variable which the score passes on, or gives one that the conductor sets.

    Raises:
        InvalidArguments: with `env_needed`, the names that are lacking, if there are some.
    """
    if reserved := sorted(RESERVED_ENV.intersection(names)):
        raise InvalidArguments(
            f"environment: {reserved[0]} is reserved: the conductor sets it.", fix="Call the variable something else."
        )
    if missing := [name for name in plan.env_pass if name not in names]:
        listed = ", ".join(missing)
        raise InvalidArguments(
            f"The score passes on {listed} from the environment of its caller (env_pass), where it is not set.",
            fix=f"Set {listed} where podium run is called, or in the MCP server's entry of your client's configuration (env); "
            "podium run --env NAME=VALUE gives one too.",
            env_needed=missing,
        )
