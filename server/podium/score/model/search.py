"""Where the programs of a sheet are looked for."""

from collections.abc import Mapping

from podium.score.model.plan import Plan, PlanSheet

_PATH = "PATH"


def search_path(
    plan: Plan, sheet: PlanSheet, environment: Mapping[str, str], *, given: str = "", profile: str = ""
) -> str:
    """Return the PATH of a sheet, as far as it is known before it starts.

    `environment` is the conductor's, `given` the PATH that came with the start, `profile` that of the instrument's profile.
    """
    sources = (
        sheet.env_from.get(_PATH) and environment.get(sheet.env_from[_PATH]),
        sheet.env.get(_PATH),
        given if _PATH in plan.env_pass else "",
        plan.env_from.get(_PATH) and environment.get(plan.env_from[_PATH]),
        plan.env.get(_PATH),
        profile,
        environment.get(_PATH),
    )
    return next((each for each in sources if each), "")
