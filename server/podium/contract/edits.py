"""An edit of a job's score as a call gives it: a text that stands once in it, and what stands there afterwards."""

from podium.contract.methods import ModifyParams, ResumeParams
from podium.contract.paths import check_given_once
from podium.errors import InvalidArguments


def show(job_id: str) -> str:
    """Return the sentence that says how to see what can be edited."""
    return f'get_job(job_id="{job_id}", detail="score") shows the text.'


def check_change(call: ResumeParams) -> None:
    """Check that a changed score is given in one way: by its path, by its text, or as an edit of the one that the job has.

    Raises:
        InvalidArguments: it is given in several ways, or in none though the call is a modify; `replace` comes without `find`; the
            edit would change nothing.
    """
    if isinstance(call, ModifyParams) and call.edits:
        _check_edits(call)
        return
    if call.find is None:
        _check_no_edit(call)
        return
    if call.config_path is not None or call.config_content is not None:
        raise InvalidArguments(
            "Both find and a whole score are given.",
            fix="Give find and replace to edit the score that the job has, or config_path or config_content to replace it.",
        )
    if not call.find:
        raise InvalidArguments("find is empty.", fix=f"Give a text that occurs once in the score. {show(call.job_id)}")
    if call.find == (call.replace or ""):
        raise InvalidArguments("find and replace are the same text.", fix="Give the new text as replace.")


def _check_edits(call: ModifyParams) -> None:
    if any(each is not None for each in (call.find, call.replace, call.config_path, call.config_content)):
        raise InvalidArguments("edits are given beside another change.", fix="Give the edits alone.")
    if not all(find and find != replace for find, replace in call.edits):
        raise InvalidArguments(
            "An edit has an empty find, or changes nothing.",
            fix=f"Give texts that occur once in the score. {show(call.job_id)}",
        )


def _check_no_edit(call: ResumeParams) -> None:
    if call.replace is not None:
        raise InvalidArguments(
            "replace is given without find.",
            fix=f"Give the present text as find. {show(call.job_id)}",
        )
    if call.config_path is not None and call.config_content is not None:
        check_given_once(call.config_path, call.config_content)
    if isinstance(call, ModifyParams) and call.config_path is None and call.config_content is None:
        raise InvalidArguments(
            "No change is given: find, config_path and config_content are all missing.",
            fix="Give find and replace to edit the job's score, or the whole score as config_path or config_content. "
            f"{show(call.job_id)}",
        )
