"""What runs when a job has ended, as one text for bash: the hooks of a job that has completed, then `on_end` of the score."""

import shlex
from collections.abc import Sequence

from podium.score.model.draft import Hook
from podium.texts.shell import with_word

GRACE_SECONDS = 5.0  # of a hook that was told to end
_SHOWN = 300  # characters of the commands, which are shown as the beginning of the text

# Each hook is a process group of its own, so that a time limit ends all of it; `timeout` is not on every system.
_RUN_HOOK = """\
podium_failed=
podium_hook() {
    local began=$SECONDS child timer code
    (cd -- "$3" && exec bash -c "$4") </dev/null &
    child=$!
    (sleep "$2"; kill -- "-$child"; sleep %g; kill -9 -- "-$child") </dev/null >/dev/null 2>&1 &
    timer=$!
    disown "$timer"
    wait "$child" 2>/dev/null
    code=$?
    kill -- "-$timer" 2>/dev/null
    [ "$code" -eq 0 ] && return
    if [ "$code" -gt 128 ] && [ $((SECONDS - began)) -ge "${2%%.*}" ]; then
        code="ended after $2 s"
    else
        code="exit code $code"
    fi
    podium_failed="${podium_failed:+$podium_failed; }$1: $code"
    return 1
}
if [ "$PODIUM_JOB_STATUS" = completed ]; then
set -m
while :; do
"""
_AFTER_HOOKS = """\
break
done
set +m
fi
podium_code=0
"""
_RUN_END = "bash -c {} || podium_code=$?\n"
_TELL = """\
if [ -n "$podium_failed" ]; then
    printf '%s\\n' "$podium_failed"
    [ "$podium_code" -ne 0 ] || podium_code=1
fi
exit "$podium_code"
"""


def end_script(hooks: Sequence[Hook], on_end: str, *, sheets: int) -> str:
    """Return what bash runs at the end of a job of so many sheets. Without hooks it is `on_end` as it is written."""
    if not hooks:
        return on_end
    shown = " ; ".join(" ".join(hook.command.split()) for hook in hooks)[:_SHOWN]
    head = f"# on_success: {shown}\n"
    calls = "".join(_call(number, hook, sheets) for number, hook in enumerate(hooks, 1))
    after = _RUN_END.format(shlex.quote(on_end)) if on_end else ""
    return f"{head}{_RUN_HOOK % GRACE_SECONDS}{calls}{_AFTER_HOOKS}{after}{_TELL}"


def seconds_of(hooks: Sequence[Hook]) -> float:
    """Return the longest time that the hooks may take together."""
    return sum(hook.timeout_seconds + GRACE_SECONDS for hook in hooks)


def _call(number: int, hook: Hook, sheets: int) -> str:
    """Return the line that runs a hook; an abort leaves the loop around all of them, which is not repeated."""
    label = f"on_success {number}" + (f" ({' '.join(hook.description.split())})" if hook.description else "")
    seconds = f"{hook.timeout_seconds:.3f}".rstrip("0").rstrip(".")
    command = with_word(hook.command, "workspace", '"$PODIUM_WORKSPACE"')
    folder, command = (_filled(text, sheets) for text in (hook.working_directory or ".", command))
    otherwise = " || break" if hook.aborts else ""
    return f"podium_hook {shlex.quote(label)} {seconds} {folder} {command}{otherwise}\n"


def _filled(text: str, sheets: int) -> str:
    """Return a text as one word of bash, with its fields filled in when it runs: literal parts in quotes, values between them."""
    word = shlex.quote(text.replace("{sheet_count}", str(sheets)))
    for field, variable in (("{workspace}", "PODIUM_WORKSPACE"), ("{job_id}", "PODIUM_JOB_ID")):
        word = word.replace(field, f"'\"${variable}\"'")
    return word
