"""The few lines of sh around each attempt, and the command that runs them.

The text is passed whole to `sh -c`, so an upgrade cannot change it under a running attempt. It uses only builtins: nothing in it
depends on PATH, and it costs one process. In this order it

- keeps its own messages out of the sheet's stderr, which the command gets back from descriptor 3, in a subshell: otherwise some
  shells add a word there when a signal ends the command ("Killed");
- resets the options that some shells take from the environment;
- enters its cgroup, if it has one, so that everything it starts is a member;
- notes TERM and similar signals instead of dying, so that the record is written; for the command they have their default again;
- writes its identity, enters the workspace, runs the command, and writes its exit, both in place through a descriptor that it
  holds open: it overwrites existing bytes, so a full disk cannot prevent it.

The claim ensures that no two of them run for one attempt: see `folder`.
"""

from pathlib import Path

from podium.conductor.engines.local.folder import BLOCK_BYTES

TEXT = rf"""exec 3>&2 4<>"$1/record" 2>/dev/null
set +eu
[ -z "$4" ] || printf 0 >"$4/cgroup.procs"
podium_stop=
trap 'podium_stop=1' HUP INT QUIT PIPE ALRM TERM USR1 USR2
podium_start() {{ shift 21; podium_ticks=$1; }}
read -r podium_stat </proc/$$/stat && podium_start $podium_stat
printf '%-{BLOCK_BYTES - 1}s\n' "$$ ${{podium_ticks:-0}} $2 end" >&4
if ! cd -- "$3"; then
  set -- no_workspace 126
elif [ -n "$podium_stop" ]; then
  set -- exited 143
else
  shift 4
  (exec "$@" 2>&3 3>&- 4>&-)
  set -- exited $?
fi
printf '%s %s end\n' "$1" "$2" >&4
exit "$2"
"""


def command(argv: tuple[str, ...], *, folder: Path, workspace: Path, boot_id: str, cgroup: str = "") -> list[str]:
    """Return the command line of an attempt. `cgroup` is the folder of its group, "" if it has none.

    A name without a slash is looked up by env(1) in the sheet's own PATH: the shell would prefer its builtins.
    """
    found = argv if "/" in argv[0] else ("/usr/bin/env", *argv)
    return ["/bin/sh", "-c", TEXT, "podium-attempt", str(folder), boot_id, str(workspace), cgroup, *found]
