"""`podium service install|status|remove`: the conductor as a service of the user, started at each login.

Only what the system has confirmed is called done. What it refuses, or cannot be asked, is printed as the command to type.
"""

import shlex
import sys
import time
from typing import Annotated, Literal

import typer

from podium.cli.calling.options import AsJson, Home, Socket, settings_for
from podium.cli.commands.service.manager import Manager, ask
from podium.cli.commands.service.spec import left_out, spec_of
from podium.cli.shared.exits import Code
from podium.cli.shared.probe import running
from podium.cli.shared.strangers import check_place
from podium.cli.terminal.door import data, in_line, line
from podium.cli.views.service import ServiceView
from podium.errors import InvalidArguments
from podium.settings import Settings

ANSWER_SECONDS = 30.0  # for a conductor that the system has started to answer
POLL_SECONDS = 0.1


def command(
    action: Annotated[Literal["install", "status", "remove"], typer.Argument(help="what to do with the service")],
    shown: Annotated[
        bool, typer.Option("--print", help="with install: print the unit or agent, and write nothing")
    ] = False,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Have the conductor started at each login and after a crash, by systemd or launchd; see whether it is; take it out again."""
    settings = settings_for(home, socket)
    service = _Service(settings, manager_here(), quiet=as_json)
    if shown and action != "install":
        raise InvalidArguments("--print goes with install only.", fix="Run `podium service install --print`.")
    if shown and as_json:
        raise InvalidArguments("--print and --json exclude each other.", fix="Give one of them.")
    if shown:
        data(service.manager.text(spec_of(settings)).removesuffix("\n"))
        return
    code = {"install": service.install, "status": service.status, "remove": service.remove}[action]()
    if as_json:
        from podium.cli.terminal.door import print_json

        print_json(service.view().model_dump())
    raise typer.Exit(code)


def manager_here() -> Manager:
    """Return what runs the services of a user on this system."""
    if sys.platform == "darwin":
        from podium.cli.commands.service.launchd import Launchd

        return Launchd()
    from podium.cli.commands.service.systemd import Systemd

    return Systemd()


class _Service:
    """One service, what this command has said of it, and what remains to be done by hand."""

    def __init__(self, settings: Settings, manager: Manager, *, quiet: bool) -> None:
        self.manager = manager
        self._settings = settings
        self._quiet = quiet
        self._not_done: list[str] = []

    def install(self) -> Code:
        """Write the file, have the system start it, and say what came of it."""
        if self._settings.socket_given:
            check_place(self._settings)  # the service would start the conductor there as soon as the place is free
        spec, manager = spec_of(self._settings), self.manager
        text, before = manager.text(spec), manager.written()
        if before is not None and not manager.is_for(before, spec.home):
            raise InvalidArguments(
                f"{manager.path} runs the conductor of another home.",
                fix="Run `podium service remove` first; a user has one such service.",
            )
        if text == before:
            self._say(f"{manager.path} is there already, as it would be written now.")
        else:
            manager.write(text)
            self._say(f"Wrote {manager.path}, {manager.title}.")
        self._say(f"It carries {', '.join(spec.environment)} as they are now; install it again when they change.")
        self._say("Sheets that it starts get the environment of the service, and nothing else of this shell.")
        if names := left_out():
            self._say(f"It does not carry {', '.join(names)}: write them into the settings file.")
        by_hand = self._by_hand()
        if not self._run(manager.starting(now=not by_hand)):
            return Code.FAILED
        return self._wait_or_hand_over(by_hand, changed=before not in {None, text})

    def _wait_or_hand_over(self, by_hand: int, *, changed: bool) -> Code:
        """Say which conductor runs now. One that was started by hand is left alone: to stop it is its owner's decision."""
        if by_hand:
            hand_over = f"podium stop && {shlex.join(self.manager.start())}"
            self._say(f"A conductor that was started by hand (pid {by_hand}) runs on; the service was not started.")
            self._say(f"The service takes over at the next login, or now, without touching sheets: {hand_over}")
            return Code.DONE
        deadline = time.monotonic() + ANSWER_SECONDS
        while not (pid := self._conductor()) or pid != self.manager.state().pid:
            if time.monotonic() > deadline:
                self._say(f"It is to start at each login, but does not answer now. Its log: {self.manager.logs}")
                return Code.FAILED
            time.sleep(POLL_SECONDS)
        self._say(
            f"The service runs the conductor (pid {pid}), now and from each login on. Its log: {self.manager.logs}"
        )
        if changed:
            self._say(f"What has changed counts from its next start: {shlex.join(self.manager.restart())}")
        if sys.platform == "linux":
            self._say("It ends with your last session; `loginctl enable-linger` keeps it from boot to shutdown.")
        return Code.DONE

    def status(self) -> Code:
        """Say whether it is installed, enabled and running, and which conductor answers."""
        manager, written, state = self.manager, self.manager.written(), self.manager.state()
        if written is None:
            self._say(f"installed  no ({manager.path} is not there)")
        elif manager.is_for(written, self._settings.home):
            self._say(f"installed  yes: {manager.path}")
        else:
            self._say(f"installed  for another home: {manager.path}")
        self._say(f"at login   {_yes(state.enabled)}")
        self._say(f"running    {_yes(state.pid)}{f': pid {state.pid}' if state.pid else ''}")
        pid = self._conductor()
        by_whom = "the service" if pid == state.pid else "started by hand"
        self._say(f"conductor  {f'pid {pid}, {by_whom}' if pid else 'none answers'}, for {self._settings.home}")
        self._say(f"log        {manager.logs}")
        return Code.DONE if pid and pid == state.pid else Code.NO_CONDUCTOR

    def remove(self) -> Code:
        """Stop it, have it started no more, and remove the file; sheets go on."""
        manager, state = self.manager, self.manager.state()
        if manager.written() is None:
            self._say(f"No service is installed: {manager.path} is not there.")
            return Code.DONE
        if state.enabled is not False or state.pid:
            if not self._run(manager.stopping(), then=f"rm {shlex.quote(str(manager.path))}"):
                return Code.FAILED
            if state.pid:
                self._say(
                    f"The conductor (pid {state.pid}) was stopped; running sheets go on for the next: `podium start`."
                )
        manager.path.unlink()
        self._say(f"Removed {manager.path}.")
        return Code.DONE if self._run(manager.forgetting()) else Code.FAILED

    def view(self) -> ServiceView:
        """Return how it is now."""
        state = self.manager.state()
        return ServiceView(
            installed=self.manager.written() is not None,
            file=str(self.manager.path),
            home=str(self._settings.home),
            enabled=state.enabled,
            service_pid=state.pid,
            conductor_pid=self._conductor(),
            not_done=self._not_done,
        )

    def _run(self, commands: list[list[str]], *, then: str = "") -> bool:
        """Run commands of the system until one fails; return whether all were done. Those that were not are told."""
        for number, each in enumerate(commands):
            said = ask(each)
            if said.code != 0:
                why = in_line(said.text) or f"exit code {said.code}"
                self._not_done = [shlex.join(rest) for rest in commands[number:]] + ([then] if then else [])
                self._say(f"Not done: {shlex.join(each)}: {why}")
                self._say("Type this where your services run:")
                for rest in self._not_done:
                    self._say(f"  {rest}")
                return False
            self._say(f"Done: {shlex.join(each)}")
        return True

    def _by_hand(self) -> int:
        """Return the pid of a conductor of this home that is not the service's, 0 if there is none."""
        pid = self._conductor()
        return pid if pid and pid != self.manager.state().pid else 0

    def _conductor(self) -> int:
        found = running(self._settings)
        return found[0].pid if found else 0

    def _say(self, text: str) -> None:
        line(in_line(text), stderr=self._quiet)


def _yes(value: int | None) -> str:
    return "unknown: the system cannot be asked here" if value is None else "yes" if value else "no"
