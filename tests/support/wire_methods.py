"""The methods of the wire: all of the Marianne protocol, and ours."""

MARIANNE_METHODS: dict[str, bool] = {
    "job.submit": True,
    "job.status": True,
    "job.pause": True,
    "job.resume": True,
    "job.modify": True,
    "job.cancel": True,
    "job.list": True,
    "job.clear": True,
    "job.errors": True,
    "job.diagnose": True,
    "job.history": True,
    "job.recover": False,
    "daemon.status": True,
    "daemon.health": True,
    "daemon.ready": True,
    "daemon.config": True,
    "daemon.shutdown": True,
    "daemon.top": False,
    "daemon.top.stream": False,
    "daemon.events": False,
    "daemon.monitor.stream": False,
    "daemon.observer_events": False,
    "daemon.rate_limits": False,
    "daemon.clear_rate_limits": False,
    "daemon.learning.patterns": False,
}
"""Method -> served (True) or answered -32601 (False)."""

OWN_METHODS: tuple[str, ...] = (
    "job.attempts",
    "job.commands",
    "job.events",
    "job.log",
    "job.explain",
    "job.validate",
    "job.score",
    "job.health",
    "job.watch",
    "job.secrets",
    "task.state",
)
