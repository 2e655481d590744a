"""`podium service`: what it writes, what it asks the system for, and that nothing is called done that is not."""

import json
import os
import plistlib
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from podium.cli.commands import service
from podium.cli.commands.service.launchd import Launchd
from podium.cli.commands.service.manager import Manager
from podium.cli.commands.service.spec import CARRIED, Spec, spec_of
from podium.cli.commands.service.systemd import Systemd
from podium.settings import load
from tests.support import stand_in_systemctl
from tests.support.services import Services

ODD = 'a "b" $HOME 100% \\n ü\tc'
WORDS = ("/usr/bin/python3", "-P", "-m", "podium", "start", "--foreground")
NO_BUS = "Failed to connect to bus: No medium found"


@pytest.fixture
def services(short_tmp: Path) -> Services:
    """Return a user without a service."""
    return Services(short_tmp)


@pytest.mark.parametrize("manager", [Systemd(), Launchd()])
def test_a_unit_is_known_by_its_home_whatever_signs_that_has(manager: Manager) -> None:
    home = Path("/h") / ODD
    text = manager.text(Spec(home, WORDS, {"PODIUM_HOME": str(home), "PATH": "/bin"}))
    assert manager.is_for(text, home)
    assert not manager.is_for(text, Path("/h"))


def test_the_unit_is_one_that_systemd_reads_back_as_it_was_meant() -> None:
    text = Systemd().text(Spec(Path("/h"), (*WORDS, ODD), {"PATH": ODD}))
    settings = dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line and not line.startswith("#"))
    assert settings["ExecStart"].startswith(':"'), "a $ would begin a variable"
    assert stand_in_systemctl.words_of(settings["ExecStart"]) == [*WORDS, ODD]
    assert stand_in_systemctl.words_of(settings["Environment"]) == [f"PATH={ODD}"]
    wanted = {"KillMode": "process", "Delegate": "yes", "OOMPolicy": "continue", "Restart": "on-failure"}
    assert wanted.items() <= settings.items()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_has_nothing_to_say_against_the_unit(short_tmp: Path) -> None:
    unit = short_tmp / "podium.service"
    spec = spec_of(load(home=short_tmp / ODD))
    text = Systemd().text(spec)

    def verified(text: str) -> str:
        unit.write_text(text)
        environment = {"HOME": str(short_tmp), "XDG_RUNTIME_DIR": str(short_tmp), "PATH": os.environ["PATH"]}
        command = ["systemd-analyze", "--user", "verify", str(unit)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        return "\n".join(line for line in done.stderr.splitlines() if "podium.service" in line)

    assert verified(text) == ""
    program = short_tmp / "a $HOME ${x} 100% $$" / "python"
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    assert verified(Systemd().text(replace(spec, command=(str(program), "-P")))) == ""
    assert "Unknown key" in verified(text.replace("OOMPolicy", "OOMPlicy"))


def test_the_agent_is_a_property_list_that_keeps_sheets_alive(short_tmp: Path) -> None:
    said = plistlib.loads(Launchd().text(Spec(Path("/h"), (*WORDS, ODD), {"PATH": "/bin"})).encode())
    assert said["ProgramArguments"] == [*WORDS, ODD]
    assert said["EnvironmentVariables"] == {"PATH": "/bin"}
    assert (said["RunAtLoad"], said["AbandonProcessGroup"]) == (True, True)
    assert said["KeepAlive"] == {"SuccessfulExit": False}
    assert said["StandardErrorPath"].endswith("Library/Logs/podium.conductor.log")
    if plutil := shutil.which("plutil"):
        (short_tmp / "a.plist").write_bytes(plistlib.dumps(said))
        subprocess.run([plutil, "-lint", str(short_tmp / "a.plist")], check=True, timeout=60)


def test_it_carries_the_places_and_the_path_and_says_which_settings_it_does_not(services: Services) -> None:
    services.refuse(NO_BUS)
    done = services.podium("service", "install", PODIUM_MAX_SHEETS="3", PODIUM_JOB_ID="x-12345")
    text = services.unit.read_text()
    assert [name for name in CARRIED if f'Environment="{name}=' in text] == ["PODIUM_HOME", "PODIUM_CONFIG", "PATH"]
    assert f'Environment="PODIUM_HOME={services.home}"' in text
    assert "It does not carry PODIUM_MAX_SHEETS: write them into the settings file." in done.stdout


def test_what_the_system_refuses_is_not_called_done_but_given_to_type(services: Services) -> None:
    services.refuse(NO_BUS)
    done = services.podium("service", "install")
    assert done.returncode == 1
    assert f"Not done: systemctl --user daemon-reload: {NO_BUS}" in done.stdout
    assert done.stdout.endswith("  systemctl --user daemon-reload\n  systemctl --user enable --now podium.service\n")
    assert "Done" not in done.stdout
    removed = services.podium("service", "remove")
    assert removed.returncode == 1
    assert f"  rm {services.unit}" in removed.stdout
    assert services.unit.exists()


def test_print_writes_nothing_and_asks_nobody(services: Services) -> None:
    printed = services.podium("service", "install", "--print").stdout
    assert "ExecStart=" in printed
    assert not services.unit.exists()
    assert not services.calls
    assert services.podium("service", "remove", "--print").returncode == 2
    assert services.podium("service", "install", "--print", "--json").returncode == 2


@pytest.mark.parametrize("action", ["install", "remove", "status"])
def test_a_unit_that_somebody_else_wrote_is_left_as_it_is(services: Services, action: str) -> None:
    services.unit.parent.mkdir(parents=True)
    services.unit.write_text("[Service]\nExecStart=/bin/true\n")
    done = services.podium("service", action)
    assert done.returncode == 2
    assert "was not written by `podium service install`; it is left as it is" in done.stderr
    assert services.unit.read_text() == "[Service]\nExecStart=/bin/true\n"
    assert not services.calls


def test_a_service_of_another_home_is_not_replaced(services: Services, short_tmp: Path) -> None:
    services.refuse(NO_BUS)
    services.podium("service", "install")
    before = services.unit.read_text()
    done = services.podium("service", "install", "--home", str(short_tmp / "other"))
    assert done.returncode == 2
    assert "runs the conductor of another home" in done.stderr
    assert services.unit.read_text() == before


def test_without_a_service_remove_and_status_say_so(services: Services) -> None:
    removed = services.podium("service", "remove")
    assert removed.stdout == f"No service is installed: {services.unit} is not there.\n"
    status = services.podium("service", "status", "--json")
    assert status.returncode == 5
    said = json.loads(status.stdout)
    assert (said["installed"], said["enabled"], said["service_pid"], said["conductor_pid"]) == (False, False, 0, 0)


def test_launchd_is_asked_in_its_own_words(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = short_tmp / "launchctl"
    program.write_text(f'#!/bin/sh\necho "$@" >>{short_tmp}/calls\n[ -e {short_tmp}/loaded ] && echo "\tpid = 42"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{short_tmp}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(short_tmp))
    target, agent = f"gui/{os.getuid()}/podium.conductor", Launchd()
    assert agent.state() == (False, 0)
    assert agent.starting(now=True) == [["launchctl", "bootstrap", f"gui/{os.getuid()}", str(agent.path)]]
    (short_tmp / "loaded").touch()
    assert agent.state() == (True, 42)
    assert agent.starting(now=True)[0] == ["launchctl", "bootout", target]
    assert (short_tmp / "calls").read_text().splitlines()[0] == f"print {target}"


def test_a_mac_gets_an_agent_and_other_systems_a_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(service.manager_here(), Systemd)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert isinstance(service.manager_here(), Launchd)
