"""Baseline: the same jobs on huey, with its queue in SQLite and a flush for each change.

`PYTHON huey_jobs.py FOLDER COUNT AT_ONCE SCRIPT` prints the seconds from the first job's submission to the last one's end. It
imports nothing of ours, so any Python that has huey can run it.
"""

import importlib
import subprocess
import sys
import threading
import time


def run(folder: str, count: int, at_once: int, script: str) -> float:
    """Run bash on a script file `count` times, so many at once; return the seconds."""
    queue = importlib.import_module("huey").SqliteHuey(filename=f"{folder}/huey.db", fsync=True)
    ended = threading.Semaphore(0)

    @queue.task()  # type: ignore[untyped-decorator]
    def play() -> int:
        code = subprocess.run(["/bin/bash", script], check=True).returncode
        ended.release()
        return code

    consumer = queue.create_consumer(workers=at_once, worker_type="thread", periodic=False, initial_delay=0.001)
    consumer.start()
    began = time.perf_counter()
    for _ in range(count):
        play()
    for _ in range(count):
        assert ended.acquire(timeout=120)
    seconds = time.perf_counter() - began
    consumer.stop(graceful=True)
    return seconds


if __name__ == "__main__":
    sys.stdout.write(f"{run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])}\n")
