"""Slurm's controller: whether it answers and knows us, and how it is set up."""

import getpass
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from podium.cli.commands.doctor.cluster.asking import ask
from podium.cli.views.doctor import Finding
from podium.conductor.engines.slurm import commands
from podium.conductor.engines.slurm.answers import read_config

Config = Mapping[str, str]
SLURM_CONF = "/etc/slurm/slurm.conf"
SHORT_AGE_SECONDS = 60
IDLE = ("idle", "mixed", "allocated", "completing", "planned")  # the states of nodes that jobs run on


def examine() -> tuple[bool, list[Finding]]:
    """Ask the controller for its configuration; return whether it answers, and what was found."""
    ping = ask(commands.ping())
    said = "; ".join(line for line in ping.out.splitlines() if line.startswith("Slurmctld"))  # a banner may follow
    if not ping.well or "UP" not in said:
        fix = "See that slurmctld runs, and that slurm.conf here (SLURM_CONF, /etc/slurm) is the cluster's."
        return False, [Finding("slurmctld", "fail", said or ping.words, fix), *_munge(_written(), answers=False)]
    found = [Finding("slurmctld", "ok", said)]
    shown = ask(commands.config())
    if not shown.well:
        text = f"slurmctld does not answer us: {shown.words}"
        return False, [
            *found,
            Finding("slurmctld", "fail", text, "Mend what munge says below."),
            *_munge(_written(), answers=False),
        ]
    config = read_config(shown.out)
    return True, [*found, *_munge(config, answers=True), *_partitions(), *_set_up(config), *_accounts(config)]


def _written() -> Config:
    """Return what slurm.conf says here of a cluster whose controller does not say it; nothing if it is not here."""
    path = os.environ.get("SLURM_CONF", "") or SLURM_CONF
    try:
        found = read_config(Path(path).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return {}
    written = {name.lower(): value for name, value in found.items()}  # which stands in any case there
    return {name: written[name.lower()] for name in ("AuthType", "AuthInfo") if name.lower() in written}


def _munge(config: Config, *, answers: bool) -> Iterator[Finding]:
    """See that a credential of ours is taken here. Where nothing says which, the socket is the usual one."""
    if config.get("AuthType", "auth/munge") != "auth/munge":
        return
    found = re.search(r"socket=([^,\s]+)", config.get("AuthInfo", ""))
    socket = [f"--socket={found[1]}"] if found else []
    made = ask(["munge", "-n", *socket])
    read = ask(["unmunge", *socket], made.out) if made.well else made
    if read.well:
        yield Finding("munge", "ok", "a credential was made and read here")
    elif answers:  # the controller has just taken one
        yield Finding("munge", "ok", "slurmctld accepts our credentials")
    else:
        fix = "Start munged here, with the key of the cluster (/etc/munge/munge.key) and the clock of the others."
        yield Finding("munge", "note", f"{read.words}{f' (AuthInfo: {found[0]})' if found else ''}", fix)


def _partitions() -> Iterator[Finding]:
    said = ask(commands.sinfo())
    nodes: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for line in said.out.splitlines():
        name, up, count, state = (*line.split("|"), "", "", "", "")[:4]
        nodes[name] += [(int(count), state)] if up == "up" and count.isdigit() else []
    if not nodes:
        why = "none that you may see" if said.well else said.words
        yield Finding("partitions", "fail", why, "Ask whoever runs the cluster for a partition that you may use.")
        return
    text = "; ".join(f"{name}: {_in_words(states)}" for name, states in nodes.items())
    if not any(state.rstrip("*~#!%$@^-").startswith(IDLE) for states in nodes.values() for _, state in states):
        yield Finding("partitions", "note", text, "No node takes jobs now, so sheets wait; `sinfo -R` says why.")
    elif not any(name.endswith("*") for name in nodes):
        fix = "There is no default: name one in scores, `resources: {partition: NAME}`, or set SBATCH_PARTITION."
        yield Finding("partitions", "note", text, fix)
    else:
        yield Finding("partitions", "ok", f"{text} (* is the default)")


def _in_words(states: list[tuple[int, str]]) -> str:
    return ", ".join(f"{count} {state}" for count, state in states) or "down"


def _set_up(config: Config) -> Iterator[Finding]:
    """What the cluster's settings mean for sheets."""
    tracked = config.get("ProctrackType", "")
    if tracked == "proctrack/cgroup":
        yield Finding("ProctrackType", "ok", f"{tracked}: Slurm ends the whole tree of a sheet, as Podium does")
    else:
        text = f"{tracked}: Slurm itself ends only part of a tree; Podium's own sweep on the node ends the rest"
        yield Finding("ProctrackType", "note", text, "Recommended for the cluster: ProctrackType=proctrack/cgroup")
    age = _seconds(config, "MinJobAge")
    fix = (
        f"Recommended for the cluster: MinJobAge={SHORT_AGE_SECONDS} or more: for so long Slurm tells why a job ended."
    )
    yield Finding("MinJobAge", *(("ok", f"{age} s") if age >= SHORT_AGE_SECONDS else ("note", f"{age} s", fix)))
    yield Finding("KillWait", "ok", f"{_seconds(config, 'KillWait')} s from TERM to KILL when Slurm ends a job")
    gathered = config.get("JobAcctGatherType", "")
    yield Finding("load", "ok", f"{gathered}; Podium measures processor time and memory on the node itself")


def _seconds(config: Config, name: str) -> int:
    found = re.match(r"\d+", config.get(name, ""))
    return int(found[0]) if found else 0


def _accounts(config: Config) -> Iterator[Finding]:
    """Say which accounts we have, where the cluster keeps accounts."""
    if config.get("AccountingStorageType") != "accounting_storage/slurmdbd":
        return
    user = getpass.getuser()
    said = ask(["sacctmgr", "-nP", "show", "associations", f"user={user}", "format=account,partition,qos"])
    if not said.well:
        yield Finding("accounts", "note", f"sacctmgr says: {said.words}", "Sheets do not need it.")
        return
    found = [line.replace("|", " ").strip() for line in said.out.splitlines() if line.strip()]
    if found:
        yield Finding("accounts", "ok", "; ".join(" ".join(line.split()) for line in found))
    else:
        yield Finding("accounts", "note", f"{user} has none", "Ask whoever runs the cluster, if it refuses jobs.")
