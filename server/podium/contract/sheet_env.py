"""What a sheet would get as its environment, and where each variable comes from."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from podium.contract.methods import Name, ScoreParams, Sheet
from podium.contract.view import View

EnvSource = Literal["conductor", "instrument", "score", "start", "sheet", "podium"]
"""Where a variable comes from: the conductor's environment as it started, the profile of the instrument, the score's `env`, the
start of the job (`env_pass`, `--env`), the sheet's `env`, or Podium itself."""


@dataclass(frozen=True)
class EnvParams(ScoreParams):
    """Parameters of `job.env`: of a score, or of the one that a job runs next. With neither, what every sheet begins with.

    Without a sheet, what all sheets of the score have. Values of `env_pass` are not asked for.
    """

    job_id: Name | None = None
    sheet: Sheet | None = None


class EnvVariable(View):
    """One variable. A value that may be a secret is not shown: `[value of NAME]`."""

    name: str  # of the variable
    value: str = ""  # or what stands for a secret: [value of NAME]
    source: EnvSource  # where the value comes from
    variable: str = ""  # of `{from_env: ...}` and `env_expanded`: the conductor's variables that it is made of
    replaces: EnvSource | None = None  # where a value comes from that does not count
    hidden: bool = False  # the value may be a secret and is not shown
    missing: bool = False  # no value is to be had: what needs it will fail. Of `env_pass`, the start has to bring it
    known_later: bool = False  # set for each attempt


class EnvView(View):
    """The environment of a sheet, in the order of the names."""

    variables: list[EnvVariable] = Field(default_factory=list)  # in the order of their names
    job_id: str = ""  # "" for no job
    job_name: str = ""  # "" for no job
    sheet: str = ""  # its label, "" for what all sheets have
    own: list[str] = Field(default_factory=list)  # labels of the first sheets that have variables of their own
    own_total: int = 0  # how many there are
