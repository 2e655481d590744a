"""The job that a word on the command line means: its id, the beginning of one id, or a name that only one job has."""

from podium.client.job_control import JobControlService
from podium.contract.models import JobView
from podium.errors import AmbiguousName, JobNotFound

_LOOKED_AT = 100  # of the newest jobs that have the word in their id or name
_SHOWN = 5  # jobs in an error


async def find(control: JobControlService, word: str) -> JobView:
    """Return the job that the word names. An id wins over a name, and a name over the beginning of an id.

    Raises:
        AmbiguousName: several jobs fit; `jobs` holds the newest of them.
        JobNotFound: none does; the message has near ids.
    """
    try:
        return (await control.detail(word, sheets=False)).job
    except JobNotFound as error:
        missing = error
    page = await control.list_page(status=None, name=word, limit=_LOOKED_AT, cursor="")
    named = [job for job in page.jobs if job.job_name == word]
    fitting = named or [job for job in page.jobs if word and job.job_id.startswith(word)]
    if not fitting:
        raise missing
    if len(fitting) > 1:
        raise _ambiguous(word, fitting, is_name=bool(named))
    return (await control.detail(fitting[0].job_id, sheets=False)).job


def _ambiguous(word: str, jobs: list[JobView], *, is_name: bool) -> AmbiguousName:
    what = f"have the name {word!r}" if is_name else f"have an id that begins with {word!r}"
    shown = ", ".join(f"{job.job_id} ({job.status})" for job in jobs[:_SHOWN])
    more = ", ..." if len(jobs) > _SHOWN else ""
    facts = [{"job_id": job.job_id, "status": job.status} for job in jobs[:_SHOWN]]
    return AmbiguousName(
        f"{len(jobs)} jobs {what}: {shown}{more}.",
        fix=f"Give the id that you mean; {jobs[0].job_id} is the newest.",
        name=word,
        jobs=facts,
    )
