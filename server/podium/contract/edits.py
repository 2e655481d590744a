"""An edit of a job's score as a call gives it: a text that stands once in it, and what stands there afterwards."""

from podium.contract.paths import check_given_once
from podium.errors import InvalidArguments

SHOW = 'get_job(detail="score") shows the text.'


def check_change(
    config_path: str | None, config_content: str | None, find: str | None, replace: str | None, *, required: bool
) -> None:
    """Check that a changed score is given in one way: by its path, by its text, or as an edit of the one that the job has.

    Raises:
        InvalidArguments: it is given in several ways, or in none though one is `required`; `replace` comes without `find`; the
            edit would change nothing.
    """
    if find is None:
        if replace is not None:
            raise InvalidArguments(
                "replace is given without find.",
                fix=f"Give as find the text that stands in the score now. {SHOW}",
            )
        if required and config_path is None and config_content is None:
            raise InvalidArguments(
                "No change is given: find, config_path and config_content are all missing.",
                fix=f"Give find and replace to edit the job's score ({SHOW[:-1]}), or the whole score as config_path or "
                "config_content.",
            )
        if config_path is not None and config_content is not None:
            check_given_once(config_path, config_content)
        return
    if config_path is not None or config_content is not None:
        raise InvalidArguments(
            "Both find and a whole score are given.",
            fix="Give find and replace to edit the score that the job has, or config_path or config_content to replace it.",
        )
    if not find:
        raise InvalidArguments("find is empty.", fix=f"Give a text that stands once in the score. {SHOW}")
    if find == (replace or ""):
        raise InvalidArguments("find and replace are the same text.", fix="Give as replace what is to stand there.")
