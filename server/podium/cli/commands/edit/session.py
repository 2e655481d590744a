"""One edit of a job's score: the text is shown, opened, tried, and given to the job when it can run."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

import typer

from podium.cli.commands.edit.difference import edits_of
from podium.cli.commands.edit.editor import Draft, editor
from podium.cli.jobs.changes import change_lines, changes_nothing
from podium.cli.jobs.checking import show_problems
from podium.cli.jobs.controlling import tell_how_to_wait
from podium.cli.jobs.finding import find
from podium.cli.jobs.scores import given_score, whole_score
from podium.cli.shared.exits import Code, code_of
from podium.cli.shared.session import wait_for
from podium.cli.signals import interrupted
from podium.cli.terminal.asking import choice, somebody_is_there
from podium.cli.terminal.door import in_line, line, show_error
from podium.cli.terminal.saying import in_commands
from podium.cli.views.results import Edited, ErrorView
from podium.client.job_control import JobControlService, job_control
from podium.contract.methods import ModifyParams
from podium.contract.models import ActionView, JobView
from podium.contract.states import Phase, phase_of, rule
from podium.errors import PodiumError, ScoreInvalid, WrongState
from podium.settings import Settings

Answer = TypeVar("Answer")
Ended = tuple[int, Edited]
NOTHING = Edited(changed=False)


@dataclass(frozen=True)
class Session:
    """An edit of one job. With `quiet`, nothing is said on stdout: JSON stands there."""

    settings: Settings
    word: str
    from_sheet: str | None
    quiet: bool

    def edit(self) -> Ended:
        """Let the score be edited until it can run, and modify the job; return the exit code and what was done.

        Raises:
            PodiumError: the job cannot be changed, or there is no editor: nothing was opened.
        """
        words = editor()
        job, shown = self._ask(self._shown)
        draft = Draft(job.job_id, f"{shown}\n")
        with _kept(draft):
            while True:
                code = draft.opened(words)
                if code:
                    return self._given_up(draft, shown, f"The editor ended with code {code}; the job is not changed.")
                ended = self._saved(job, draft, shown)
                if ended is not None:
                    return ended

    def replace(self, score: str) -> Ended:
        """Give the job a whole score from a file or stdin, without an editor. Raises as the conductor refuses it."""
        given = given_score(score)

        async def work(control: JobControlService) -> ActionView:
            job = await find(control, self.word)
            call = ModifyParams(
                job.job_id, config_path=given.path, config_content=given.content, from_sheet=self.from_sheet
            )
            return await control.modify(call)

        return self._done(self._ask(work))

    def _saved(self, job: JobView, draft: Draft, shown: str) -> Ended | None:
        """Try what was saved, and give it to the job; None to edit again."""
        try:
            saved = (
                draft.text().replace("\r\n", "\n").rstrip("\n")
            )  # whether the score ends with a new line is not shown
            if saved.strip() in {"", shown.strip()}:
                draft.drop()
                self._say(
                    f"{'Nothing was changed' if saved.strip() else 'The text is empty'}: {job.job_id} stays as it is."
                )
                return Code.DONE, NOTHING
            call = ModifyParams(job.job_id, edits=edits_of(shown, saved), from_sheet=self.from_sheet)
            if somebody_is_there() and not self.quiet:
                tried = self._ask(lambda control: control.modify(replace(call, dry_run=True)))
                if (answer := self._agreed(job, tried)) == "e":
                    return None
                if answer == "d":
                    return self._given_up(draft, shown, f"{job.job_id} is not changed.", Code.DONE)
            done = self._ask(lambda control: control.modify(call))
        except PodiumError as error:
            return self._refused(error, job, draft, shown)
        draft.drop()
        return self._done(done)

    def _agreed(self, job: JobView, tried: ActionView) -> str:
        """Show what the change changes; return "y" if it is to be made, else "e" to edit again or "d" to drop it."""
        line(f"This changes {job.job_id}:", stderr=True)
        lines = ["  No sheet differs, and no setting."] if changes_nothing(tried) else change_lines(tried)
        lines.append(f"  It {rule('modify', _phase(job)).why}.")
        for text in lines:
            line(in_commands(text), stderr=True)
        answers = {"y": "yes", "e": "edit again", "d": "drop"}
        return choice("Make the change: yes, edit again, or drop it?", answers, default="y")

    def _refused(self, error: PodiumError, job: JobView, draft: Draft, shown: str) -> Ended | None:
        """Say why a text is not taken; None to edit again. Without somebody there the text is kept."""
        if isinstance(error, ScoreInvalid) and error.facts.get("problems"):
            show_problems(str(draft.path), error, draft.text())
        elif "times" in error.facts:  # an edit's text stands there no more, or never stood there as it is shown
            line(
                "podium: The score has changed since it was opened, or has letters that cannot be seen where you changed it.\n"
                f"        Edit it anew, or give the whole score: podium edit {job.job_id} --score FILE",
                stderr=True,
            )
        else:
            show_error(error)
        again = isinstance(error, ValueError)  # the text is to blame, not the job's state or the conductor
        if again and somebody_is_there():
            answers = {"e": "edit again", "d": "drop"}
            if choice("Edit again, or drop it?", answers, default="e") == "e":
                return None
        code, _ = self._given_up(draft, shown, "The job is not changed.", code_of(error))
        return code, Edited(changed=False, error=ErrorView.model_validate(error.as_dict()))

    def _given_up(self, draft: Draft, shown: str, why: str, code: int = Code.FAILED) -> Ended:
        """Say that nothing was changed, and where the text is, if there is one to keep."""
        line(why, stderr=True)
        try:
            is_same = draft.text().rstrip("\n") == shown
        except PodiumError:
            is_same = False
        if is_same:
            draft.drop()
        else:
            line(f"Your text is kept in {draft.path}", stderr=True)
        return code, NOTHING

    def _done(self, view: ActionView) -> Ended:
        self._say(in_line(in_commands(view.message)))
        for text in change_lines(view):
            self._say(in_commands(text))
        tell_how_to_wait(view.job, stderr=self.quiet)
        return Code.DONE, Edited(changed=True, action=view)

    def _say(self, text: str) -> None:
        line(text, stderr=self.quiet)

    def _ask(self, work: Callable[[JobControlService], Awaitable[Answer]]) -> Answer:
        async def connected() -> Answer:
            async with job_control(self.settings) as control:
                return await work(control)

        return wait_for(connected)

    async def _shown(self, control: JobControlService) -> tuple[JobView, str]:
        """Return the job and the whole of its score as it is shown.

        Raises:
            WrongState: the job cannot be changed now.
        """
        job = await find(control, self.word)
        cell = rule("modify", _phase(job))
        if not cell.allowed:
            raise WrongState(
                f"Cannot edit job {job.job_id}: {cell.why}.", fix=cell.instead, job_id=job.job_id, state=job.status,
                allowed=list(job.allowed_actions),
            )  # fmt: skip
        text = (await whole_score(control, job.job_id)).text
        return job, "\n".join(text.lines).rstrip("\n")


def _phase(job: JobView) -> Phase:
    return phase_of(job.status, pause_requested=job.pause_requested, cancel_requested=job.cancel_requested)


@contextmanager
def _kept(draft: Draft) -> Iterator[None]:
    """Say where the text is, whatever ends this: a signal, or a bug."""
    try:
        yield
    except BaseException:
        line(f"{chr(10) if interrupted() else ''}Your text is kept in {draft.path}", stderr=True)
        if code := interrupted():
            raise typer.Exit(code) from None
        raise
