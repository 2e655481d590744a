"""`command_succeeds`: a bash command ends with exit code 0. It runs inside the attempt's process tree."""

import shutil

from podium.conductor.attempts.validations.context import Outcome, ValidationContext
from podium.texts.shown import one_line


async def check(ctx: ValidationContext, command: str, working_directory: str, timeout_seconds: float) -> Outcome:
    """Run the command in the workspace, or in a folder under it, and check its exit code."""
    result = await ctx.runner.run(
        [shutil.which("bash") or "/bin/bash", "-c", ctx.expand(command)],
        env=ctx.env,
        cwd=ctx.path(working_directory),
        timeout_seconds=timeout_seconds,
        key=ctx.key,
    )
    if result.exit_code == 0 and not result.timed_out:
        return Outcome(True, "exit code 0")
    if result.timed_out:
        end = f"still running after {timeout_seconds:g} s, so it was stopped"
    elif result.exit_code < 0:
        end = f"ended by signal {-result.exit_code}"
    else:
        end = f"exit code {result.exit_code}"
    last = result.output.strip().rpartition("\n")[2]
    return Outcome(False, f"{end}; its output ends with {one_line(ctx.hide(last))}" if last else end)
