"""The page about Slurm's reasons."""

from podium.contract.slurm import REASONS
from tests.support.docs.markdown import code, document, plain, table

_INTRO = (
    "A sheet on a Slurm cluster first waits in Slurm's queue. `get_job`, `list_jobs` and `podium show` give Slurm's reason in its own "
    "word; `explain_job` and `podium explain` add what is in this table. A reason that is not in it is shown as it is.\n\n"
    "Three dots stand for what is limited, such as `CPU`, `GRES` or `Mem`; at the end of a reason, for the rest of it."
)


def slurm_page() -> str:
    """Return the page."""
    rows = [(code(name), plain(waits.means), plain(waits.do)) for name, waits in REASONS.items()]
    return document("Why a sheet waits in Slurm's queue", _INTRO, table(("reason", "means", "what can be done"), rows))
