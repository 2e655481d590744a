"""What `podium service --json` prints."""

from podium.contract.view import View


class ServiceView(View):
    """The service of this user. What the system could not be asked is null."""

    installed: bool  # whether its file is there
    file: str  # the unit or the agent
    home: str  # that was asked about
    enabled: bool | None  # whether it is started at each login
    service_pid: int | None  # the process that the system runs for it, 0 if it runs none
    conductor_pid: int  # which answers for the home, 0 if none does; started by hand if it is not the service's process
    not_done: list[str]  # commands that failed or were not possible, to be typed by hand
