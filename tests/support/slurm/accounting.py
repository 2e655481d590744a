"""An accounting database for a Slurm cluster in a folder: MariaDB and slurmdbd on ports of their own, without root.

It needs the Debian packages slurmdbd and mariadb-server.
"""

import getpass
import shutil
import subprocess
from pathlib import Path

PROGRAMS = ("slurmdbd", "mariadbd", "mariadb-install-db", "sacct", "sacctmgr")
INSTALL = "apt-get install --no-install-recommends slurmdbd mariadb-server"
CREATE_USER = "CREATE USER slurm@'127.0.0.1' IDENTIFIED BY 'slurm';\nGRANT ALL ON *.* TO slurm@'127.0.0.1';\n"  # a statement each line


def missing(path: str) -> str:
    """Return why there can be no accounting here, and what helps; "" if there can be."""
    absent = [name for name in PROGRAMS if not shutil.which(name, path=path)]
    return f"{', '.join(absent)} not found: {INSTALL}" if absent else ""


def database(folder: Path, port: int, env: dict[str, str]) -> list[str]:
    """Make an empty database in a folder, and return the options of the server for it."""
    data, first = folder / "db", folder / "db.sql"
    me = getpass.getuser()
    made = subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--user={me}", f"--datadir={data}", "--skip-test-db",
         "--auth-root-authentication-method=normal"],
        env=env, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr or made.stdout
    first.write_text(CREATE_USER)
    return [
        "--no-defaults", f"--user={me}", f"--datadir={data}", f"--socket={folder}/run/db.sock", f"--port={port}",
        "--bind-address=127.0.0.1", f"--pid-file={folder}/run/db.pid", f"--init-file={first}", "--skip-name-resolve",
    ]  # fmt: skip


def write_slurmdbd_conf(folder: Path, port: int, database_port: int) -> None:
    """Write what slurmdbd is told; it wants the file closed to others."""
    lines = [
        "AuthType=auth/munge",
        f"AuthInfo=socket={folder}/run/munge.sock",
        "DbdHost=localhost",
        "DbdAddr=127.0.0.1",
        f"DbdPort={port}",
        f"SlurmUser={getpass.getuser()}",
        f"LogFile={folder}/log/slurmdbd.log",
        f"PidFile={folder}/run/slurmdbd.pid",
        "StorageType=accounting_storage/mysql",
        "StorageHost=127.0.0.1",
        f"StoragePort={database_port}",
        "StorageUser=slurm",
        "StoragePass=slurm",
        "StorageLoc=lab",
    ]
    path = folder / "slurmdbd.conf"
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n")


def slurm_conf_lines(folder: Path, port: int, enforce: str) -> list[str]:
    """Return what a cluster with accounting is told of it; `enforce` as `associations,limits,qos`, "" for nothing."""
    return [
        "AccountingStorageType=accounting_storage/slurmdbd",
        "AccountingStorageHost=127.0.0.1",
        f"AccountingStoragePort={port}",
        f"AccountingStoragePass={folder}/run/munge.sock",  # of munge it is the socket
        *([f"AccountingStorageEnforce={enforce}"] if enforce else []),
    ]
