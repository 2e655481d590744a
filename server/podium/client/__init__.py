"""The proxy: typed calls to a running conductor over its Unix socket. No conductor, no job: it never runs anything itself."""

from podium.client.job_control import JobControlService, job_control
from podium.client.link.daemon_client import DaemonClient

__all__ = ["DaemonClient", "JobControlService", "job_control"]
