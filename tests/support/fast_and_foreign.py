"""Programs whose processes are hard to end: one goes on in a new process again and again, one belongs to root."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Each process starts the next one and ends; with an argument each has a session of its own. It ends by itself after a while.
HOP_C = """
#include <signal.h>
#include <time.h>
#include <unistd.h>
int main(int count, char **words) {
    time_t end = time(0) + 60;
    signal(SIGTERM, SIG_IGN);
    while (time(0) < end) {
        pid_t child = fork();
        if (child > 0) _exit(0);
        if (child < 0) usleep(1000);
        else if (count > 1) setsid();
    }
}
"""
HOP_PYTHON = """#!{python} -IS
import os, signal, sys, time
end = time.time() + 60
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while time.time() < end:
    if os.fork():
        os._exit(0)
    if len(sys.argv) > 1:
        os.setsid()
"""
AS_ROOT_C = """
#include <unistd.h>
int main(int count, char **words) { setgid(0); setuid(0); execvp(words[1], words + 1); return 9; }
"""


def hop(folder: Path) -> Path:
    """Make the program that hops, in C if there is a compiler."""
    program = folder / "hop"
    if not _compiled(HOP_C, program):
        program.write_text(HOP_PYTHON.format(python=sys.executable))
        program.chmod(0o755)
    return program


def as_root(folder: Path) -> Path | str:
    """Make a program that runs its arguments as root whoever starts it, as sudo does; or return why that is not possible."""
    if os.geteuid() != 0:
        return "only root can make a program that belongs to root"
    if os.statvfs(folder).f_flag & os.ST_NOSUID:
        return f"{folder} is mounted with nosuid"
    program = folder / "as-root"
    if not _compiled(AS_ROOT_C, program):
        return "there is no C compiler"
    program.chmod(0o4755)
    return program


def _compiled(source: str, program: Path) -> bool:
    compiler = shutil.which("cc")
    if compiler is None:
        return False
    command = [compiler, "-x", "c", "-O1", "-o", str(program), "-"]
    return subprocess.run(command, input=source.encode(), capture_output=True, check=False, timeout=60).returncode == 0
