"""The keeper's program: it starts processes as the conductor asks, and writes each start and each end to a journal.

    python -I -S program.py FOLDER [PROCS]

It is run by its path and uses the standard library and this package only; everything is imported before it begins, so that an
upgrade cannot change it under running sheets. It is two processes. The **guard**, the first one, is a subreaper without logic:
if the keeper dies, it inherits the keeper's children and appends how each of them ended. The **keeper**, its child, does the work
in one thread. FOLDER is its own: `lock` is held while one of the two lives, `socket` is where conductors connect, `journal.G` is
the journal of generation G. PROCS is the file through which the keeper returns to its own control group.

The journal is the truth; the socket only says how long it is. A start is `begin`, the start itself, `started`; an end is written
while the process is a zombie, and only then reaped. So whichever process dies between two steps, an end is known twice rather
than never, and at most one `begin` lacks its `started`.

The work is in `serving.py` and `guarding.py`: of the file that is run by its path no compiled code is kept.
"""

import fcntl
import os
import signal
import sys

if __name__ == "__main__":  # -I leaves out the folder of the script
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from podium.keeper.guarding import guard
from podium.keeper.serving import Keeper
from podium.keeper.system import become_subreaper, point

LOCK = "lock"


def main() -> None:
    """Take the folder's lock, become guard and keeper."""
    procs = sys.argv[2] if len(sys.argv) > 2 else ""
    os.chdir(sys.argv[1])
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    become_subreaper()
    point("before_fork")
    keeper = os.fork()
    if keeper:
        guard(keeper)
        point("guard_over")
        return
    become_subreaper()
    Keeper(procs).run()
    point("before_exit")


if __name__ == "__main__":
    main()
    os._exit(0)  # all is written; to take apart what was loaded would only cost
