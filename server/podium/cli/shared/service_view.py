"""What `podium service --json` prints."""

from podium.contract.view import View


class ServiceView(View):
    """The service of this user. What the system could not be asked is null."""

    installed: bool
    file: str
    home: str
    enabled: bool | None
    """Whether it is started at each login."""
    service_pid: int | None
    """The process that the system runs for it, 0 if it runs none."""
    conductor_pid: int
    """The conductor that answers for the home, 0 if none does; started by hand if it is not the service's process."""
    not_done: list[str]
    """Commands that failed or were not possible, to be typed by hand."""
