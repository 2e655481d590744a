"""A host that ssh reaches: a real sshd on loopback with keys of its own, and `podium` in the PATH of those who come."""

import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from podium.settings import Settings
from tests.support import nursed
from tests.support.podium_home import until

PRIVILEGE_SEPARATION = Path(
    "/run/sshd"
)  # where an sshd of root insists on an empty folder; its service makes it at boot
_SSHD = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitUserRC no
PrintMotd no
SetEnv PATH={folder}/bin:/usr/local/bin:/usr/bin:/bin PODIUM_HOME={home} PODIUM_EFFECT_SECONDS=0.3
"""
_SSH = """\
Host cluster
  HostName 127.0.0.1
  Port {port}
  IdentityFile {folder}/user_key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  StrictHostKeyChecking yes
"""


@dataclass(frozen=True)
class SshHost:
    """The host `cluster`, for an ssh that is given the configuration file `config`."""

    config: Path
    ended: Path  # has the exit code of each `podium` that has ended there, a line each

    def has_ended(self) -> bool:
        """Whether one `podium` has ended there, and well."""
        return self.ended.exists() and self.ended.read_text() == "0\n"

    def over(self, command: list[str], pid: Path) -> list[str]:
        """Return a command that begins with ssh as one that finds this host, and writes its pid into a file first."""
        script = 'echo $$ >"$0"; exec ssh -F "$@"'
        return ["sh", "-c", script, str(pid), str(self.config), *command[1:]]


def missing() -> str:
    """Return why there can be no such host here, "" if there can."""
    if not (shutil.which("ssh") and _sshd()):
        return "ssh or sshd is not installed"
    if os.geteuid() == 0 and not PRIVILEGE_SEPARATION.is_dir() and not os.access("/run", os.W_OK):
        return f"sshd needs the folder {PRIVILEGE_SEPARATION}, which cannot be made"
    return ""


@contextmanager
def ssh_host(folder: Path, settings: Settings) -> Iterator[SshHost]:
    """Run an sshd with its files in `folder`; `podium` there finds the home of `settings`."""
    host = SshHost(folder / "ssh_config", folder / "ended")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _write(folder, port, settings, host.ended)
    if os.geteuid() == 0:
        PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    log = folder / "sshd.log"
    server = subprocess.Popen([_sshd(), "-D", "-E", str(log), "-f", str(folder / "sshd_config")])
    try:
        until(lambda: server.poll() is not None or _listens(port))
        if why := _refused(host, log):
            pytest.skip(f"sshd cannot be used here: {why}")
        yield host
    finally:
        server.terminate()
        server.wait(30)


def _sshd() -> str:
    """Return the path of sshd, which wants to be called by it; "" without one."""
    return shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin") or ""


def _write(folder: Path, port: int, settings: Settings, ended: Path) -> None:
    for name in ("host_key", "user_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True, timeout=60
        )
    kind, key, *_ = (folder / "host_key.pub").read_text().split()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {kind} {key}\n")
    (folder / "sshd_config").write_text(_SSHD.format(port=port, folder=folder, home=settings.home))
    (folder / "ssh_config").write_text(_SSH.format(port=port, folder=folder))
    podium = folder / "bin" / "podium"
    podium.parent.mkdir()
    serve = shlex.join(nursed.command("server"))
    podium.write_text(f'#!/bin/sh\n{serve} "$@"\necho $? >>{shlex.quote(str(ended))}\n')
    podium.chmod(0o755)


def _refused(host: SshHost, log: Path) -> str:
    """Return why nobody gets in, or not without words of a shell's own, which a protocol cannot have; "" if all is well."""
    words = ["ssh", "-F", str(host.config), "-o", "BatchMode=yes", "cluster", "true"]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    why = done.stdout or (f"{done.stderr}{log.read_text()}" if done.returncode else "")
    return " ".join(why.split())


def _listens(port: int) -> bool:
    with socket.socket() as peer:
        return peer.connect_ex(("127.0.0.1", port)) == 0
