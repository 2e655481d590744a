"""What the job saw on its node, or why it saw nothing."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from podium.cli.commands.doctor.cluster.probe import NEEDS, Answer, Silence, probe
from podium.cli.views.doctor import Finding
from podium.conductor.engines.slurm.answers import Submitted
from podium.conductor.engines.slurm.commands import from_environment

OLDEST_PYTHON = (3, 8)
SKEW_SECONDS = 2.0
SAME_PATH = "Set slurm_folder to a folder that every node sees under the same path and can write to."
NAMED = "Set SBATCH_ACCOUNT, SBATCH_PARTITION or SBATCH_QOS for this and for `podium start`, or name them in scores."
CORRECT = (
    "Correct or unset these variables for this and for `podium start`, or name the right ones in scores, which win."
)


def examine(place: Path, python: str, wait_seconds: float) -> Iterator[Finding]:
    """Send a job to a node, with a folder inside `place`, and judge what it answers."""
    with probe(place) as job:
        submitted = job.submit(python)
        if submitted.outcome != "submitted":
            yield _not_submitted(submitted)
            return
        seen = job.wait(wait_seconds)
    if isinstance(seen, Silence):
        yield silent(seen, f"Slurm job {submitted.number}")
    else:
        yield from judge(seen, f"Slurm job {submitted.number}", python)


def _not_submitted(submitted: Submitted) -> Finding:
    """Say why there is no job; of a refusal also what this environment asked for beside it."""
    also = from_environment(os.environ, NEEDS) if submitted.may_be_refusal else ""
    if not also:
        return Finding("job", "fail", f"sbatch says: {submitted.words}", NAMED)
    return Finding("job", "fail", f"sbatch says: {submitted.words} (with {also} from this environment)", CORRECT)


def silent(seen: Silence, job: str) -> Finding:
    """Say why a job did not answer."""
    row = seen.row
    if row is None:
        return Finding("job", "fail", f"{job} did not answer, and Slurm says nothing about it", "Run this again.")
    if row.kind == "pending":
        text = f"{job} waited in the queue for too long, and was cancelled; the reason: {row.reason or 'not known'}"
        fix = "So no node was looked at. Mend the reason, or give it longer: podium doctor --engine slurm --wait 600"
        return Finding("job", "note", text, fix)
    node = f"node {row.nodes}" if row.nodes else "its node"
    if seen.trouble:
        return Finding("job", "fail", f"{node} {seen.trouble} ({job})", SAME_PATH)
    text = f"{job} did not answer from {node}; Slurm says {row.state}{f' ({row.reason})' if row.reason else ''}"
    return Finding("job", "fail", text, f"If it ran, its files are not seen here. {SAME_PATH}")


def judge(seen: Answer, job: str, python: str) -> Iterator[Finding]:
    """Judge an answer."""
    node = f"node {seen.facts.get('node', '')}"
    yield Finding("job", "ok", f"{job} answered from {node} after {seen.seconds:.1f} s, by files in the shared folder")
    yield _python(seen.facts.get("python", ""), node, python)
    bash = seen.facts.get("bash", "")
    yield Finding("bash there", *(("ok", bash) if bash else ("fail", f"not on {node}", "Install bash on the nodes.")))
    uid = seen.facts.get("uid", "")
    if uid == str(os.getuid()):
        yield Finding("user there", "ok", f"uid {uid}, as here")
    else:
        text = f"uid {uid} on {node}, {os.getuid()} here"
        yield Finding("user there", "fail", text, "Give the user the same uid on all machines: files are shared by it.")
    yield _clock(seen.ahead, node)


def _python(said: str, node: str, python: str) -> Finding:
    version = re.fullmatch(r"(\d+)\.(\d+)\.\d+", said)
    if version and (int(version[1]), int(version[2])) >= OLDEST_PYTHON:
        return Finding("python there", "ok", f"{python} is {said}")
    text = f"{python} on {node}: {said or 'no answer'}"
    return Finding("python there", "fail", text, "Set slurm_python to a Python 3.8 or newer that all nodes have.")


def _clock(ahead: tuple[float, float] | None, node: str) -> Finding:
    if ahead is None:
        return Finding("clock there", "note", f"{node} did not say", "Run this again.")
    least, most = ahead
    fix = "Set the clocks by NTP: munge refuses what is minutes old, and times of files mislead people."
    if least > SKEW_SECONDS:
        return Finding("clock there", "note", f"at least {least:.1f} s ahead of this machine's", fix)
    if most < -SKEW_SECONDS:
        return Finding("clock there", "note", f"at least {-most:.1f} s behind this machine's", fix)
    return Finding("clock there", "ok", f"within {max(abs(least), abs(most)):.1f} s of this machine's")
