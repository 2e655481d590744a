"""`command_succeeds`: a bash command ends with exit code 0. It runs inside the attempt's process tree."""

from podium.conductor.attempts.commands import in_bash, last_line, unjudged
from podium.conductor.attempts.validations.context import Outcome, ValidationContext
from podium.texts.shown import one_line


async def check(ctx: ValidationContext, command: str, working_directory: str, timeout_seconds: float) -> Outcome:
    """Run the command in the workspace, or in a folder under it, and check its exit code."""
    done = await ctx.runner.run(
        in_bash(ctx.expand_command(command)),
        env=ctx.env,
        cwd=ctx.path(working_directory),
        timeout_seconds=timeout_seconds,
        key=ctx.key,
        survivors=ctx.survivors,
    )
    if done.exit_code == 0 and not done.timed_out:
        return Outcome(True, "exit code 0")
    why = unjudged(done, timeout_seconds)
    end = f"cannot be judged: {why}" if why else f"exit code {done.exit_code}"
    last = last_line(done)
    return Outcome(False, end, one_line(ctx.masker(last)) if last else "")
