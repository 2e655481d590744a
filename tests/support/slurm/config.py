"""What a Slurm cluster in a folder is told: its nodes, its partitions, and how patient it is."""

import os
import pwd
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# Without these a batch job that waits is looked at only every three seconds.
EAGER = "batch_sched_delay=0,sched_min_interval=100000,sched_interval=1,bf_interval=1"
CGROUPS = "CgroupPlugin=cgroup/v1\nCgroupMountpoint=/sys/fs/cgroup\n"  # slurmd wants to know it, though nothing uses it


@dataclass(frozen=True)
class LabOptions:
    """How the cluster is made. Times are in seconds.

    A job that `urgent` takes makes jobs of `main` and `brief` give way; `brief` lets a job run for a minute at most.
    Accounts and QOS exist only with `accounting`: they need slurmdbd, and so a database server.
    """

    nodes: int = 3
    cpus: int = 4  # of a node; they are only counted, so there may be more than the machine has
    memory_mb: int = 4000  # of a node
    kill_wait: int = 2  # between TERM and KILL
    slurmd_timeout: int = 5  # a node that does not answer for so long is down; Slurm looks about every third of it
    min_job_age: int = 300  # a job that has ended is forgotten after it; Slurm looks once a minute
    message_timeout: int = (
        4  # a command that the controller does not answer gives up after it; Slurm's own default is 10
    )
    expire: int = 120  # a job that could not be launched on its node waits for as long before it is tried again
    max_array: int = 2001
    scheduler: str = EAGER
    proctrack: str = "linuxproc"  # or "pgid", which looks away more
    accounting: bool = False  # in a database of its own
    enforce: str = ""  # of accounts and limits, such as associations,limits,qos; it needs the accounting
    more: Sequence[str] = ()  # further lines

    @property
    def names(self) -> list[str]:
        """The names of the nodes."""
        return [f"f{number}" for number in range(1, self.nodes + 1)]


def slurm_conf(folder: Path, options: LabOptions, ports: Sequence[int]) -> str:
    """Return the text of slurm.conf. The first port is the controller's, one for each node follows."""
    host, me = socket.gethostname().partition(".")[0], pwd.getpwuid(os.getuid()).pw_name
    controller, *nodes = ports
    lines = [
        "ClusterName=lab",
        f"SlurmctldHost={host}(127.0.0.1)",
        f"SlurmctldPort={controller}",
        f"SlurmUser={me}",
        f"SlurmdUser={me}",
        "AuthType=auth/munge",
        f"AuthInfo=socket={folder}/run/munge.sock,cred_expire={options.expire}",
        f"StateSaveLocation={folder}/state",
        f"SlurmdSpoolDir={folder}/spool/%n",
        f"SlurmctldPidFile={folder}/run/slurmctld.pid",
        f"SlurmdPidFile={folder}/run/%n.pid",
        f"SlurmctldLogFile={folder}/log/slurmctld.log",
        f"SlurmdLogFile={folder}/log/%n.log",
        f"ProctrackType=proctrack/{options.proctrack}",
        "TaskPlugin=task/none",
        "SelectType=select/cons_tres",
        "SelectTypeParameters=CR_Core_Memory",
        "PreemptType=preempt/partition_prio",
        "PreemptMode=CANCEL",
        f"SchedulerParameters={options.scheduler}",
        f"MaxArraySize={options.max_array}",
        "DefMemPerCPU=50",
        "MpiDefault=none",
        "ReturnToService=2",
        f"SlurmdTimeout={options.slurmd_timeout}",
        f"MinJobAge={options.min_job_age}",
        f"MessageTimeout={options.message_timeout}",
        f"KillWait={options.kill_wait}",
        "SlurmdParameters=config_overrides",
        *options.more,
        *(_node(*each, host, options) for each in zip(options.names, nodes, strict=True)),
        "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE PriorityTier=1 State=UP",
        "PartitionName=brief Nodes=ALL MaxTime=1 PriorityTier=1 State=UP",
        "PartitionName=urgent Nodes=ALL MaxTime=INFINITE PriorityTier=9 PreemptMode=OFF State=UP",
    ]
    return "\n".join(lines) + "\n"


def _node(name: str, port: int, host: str, options: LabOptions) -> str:
    size = f"CPUs={options.cpus} RealMemory={options.memory_mb}"
    return f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} {size}"
