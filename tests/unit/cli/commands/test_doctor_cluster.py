"""`podium doctor --engine slurm` says what of a cluster is not as sheets need it, and leaves nothing there.

The commands here are scripts that answer as Slurm does; a job that they take runs on this machine.
"""

import signal
import subprocess
from pathlib import Path

import pytest

from podium.cli import main
from podium.cli.commands.doctor.cluster import examine_slurm, folder, probe
from podium.cli.commands.doctor.cluster.folder import file_system, kinds
from podium.cli.views.doctor import Finding
from podium.home import Home
from podium.settings import load
from tests.support import nursed
from tests.support.answers import answer
from tests.support.podium_home import until

CONFIG = """\
Configuration data as of 2026-11-30T14:06:02
AccountingStorageType   = accounting_storage/none
AuthInfo                = socket=/nowhere/munge.sock
AuthType                = auth/munge
JobAcctGatherType       = jobacct_gather/cgroup
KillWait                = 30 sec
MinJobAge               = 300 sec
ProctrackType           = proctrack/cgroup
"""
SCRIPTS = {
    "sbatch": """
case "$*" in
*--version*) echo 'slurm 23.11.4'; exit ;;
esac
for script; do :; done
echo "$*" >$HERE/submitted
SLURMD_NODENAME=f7 PATH=$HERE/node:$PATH setsid sh "$script" >/dev/null 2>&1 </dev/null &
echo 7
""",
    "squeue": "echo \"7|7|N/A|RUNNING|None|f7|main|N/A|$(sed 's/.*--job-name=\\([^ ]*\\).*/\\1/' $HERE/submitted)\"",
    "scancel": 'echo "$*" >$HERE/cancelled',
    "scontrol": f"""
case "$*" in
ping) echo 'Slurmctld(primary) at head is UP' ;;
*config*) echo '{CONFIG}' ;;
*) echo "JobId=7 JobState=FAILED ExitCode=$(cat $HERE/code):0 " ;;
esac
""",
    "sinfo": "echo 'main*|up|3|idle|8|16000|(null)'",
}
PENDING = "echo \"7|7|N/A|PENDING|Resources||main|N/A|$(sed 's/.*--job-name=\\([^ ]*\\).*/\\1/' $HERE/submitted)\""


class Cluster:
    """Commands in PATH, of which `say` replaces one; `node` adds a program that only a job finds."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.shared = folder / "cluster", folder / "shared"
        for each in (self.folder, self.folder / "node", self.shared):
            each.mkdir()
        for name, script in SCRIPTS.items():
            self.say(name, script)
        monkeypatch.setenv("PATH", f"{self.folder}:/usr/bin:/bin")
        monkeypatch.setenv("PODIUM_SLURM_FOLDER", str(self.shared))
        monkeypatch.setattr(probe, "ASK_SECONDS", 0.05)

    def say(self, name: str, script: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\nHERE={self.folder}\n{script}\n")
        path.chmod(0o755)

    def node(self, name: str, script: str) -> None:
        self.say(f"node/{name}", script)

    def examine(self, wait_seconds: float = 30, python: str = "python3") -> dict[str, Finding]:
        found = {each.what: each for each in examine_slurm(load(slurm_python=python), wait_seconds)}
        assert not list(self.shared.iterdir())
        return found


@pytest.fixture
def cluster(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster on which nothing is in the way."""
    return Cluster(short_tmp, monkeypatch)


def test_of_a_good_cluster_everything_is_looked_at_by_a_job_that_is_gone_afterwards(cluster: Cluster) -> None:
    found = cluster.examine()
    assert [each.what for each in found.values() if each.verdict != "ok"] == ["file system"]
    assert found["job"].found.startswith("Slurm job 7 answered from node f7 after ")
    assert {"python there", "bash there", "user there", "clock there"} < set(found)
    submitted = (cluster.folder / "submitted").read_text().split()
    (name,) = [word.removeprefix("--job-name=") for word in submitted if word.startswith("--job-name=")]
    assert f"--name={name}" in (cluster.folder / "cancelled").read_text().split()


def test_nothing_of_the_callers_environment_goes_to_the_cluster(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    monkeypatch.setenv("SBATCH_ACCOUNT", "physics")
    cluster.say("sbatch", f"env >$HERE/env\n{SCRIPTS['sbatch']}")
    cluster.examine()
    env = (cluster.folder / "env").read_text()
    assert "secret" not in env
    assert "SBATCH_ACCOUNT=physics" in env


@pytest.mark.parametrize(
    "written", ["AuthInfo=socket=/own.sock", "# AuthInfo=x\nauthtype=auth/munge\nauthinfo = ttl=9,socket=/own.sock"]
)
def test_while_the_controller_is_down_munge_is_asked_at_the_socket_that_slurm_conf_names(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    cluster.say("scontrol", "echo 'Slurmctld(primary) at head is DOWN'; exit 1")
    for name in ("munge", "unmunge"):
        cluster.say(name, 'case "$*" in *--socket=/own.sock*) exit ;; esac; echo "munge: Error: no munged" >&2; exit 6')
    (cluster.folder / "slurm.conf").write_text(f"ClusterName=own\n{written}\n")
    monkeypatch.setenv("SLURM_CONF", str(cluster.folder / "nowhere.conf"))
    assert cluster.examine()["munge"].verdict == "note"
    monkeypatch.setenv("SLURM_CONF", str(cluster.folder / "slurm.conf"))
    assert cluster.examine()["munge"].verdict == "ok"


def test_without_the_commands_only_the_folder_is_looked_at_beside(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(cluster.folder))
    (cluster.folder / "squeue").unlink()
    found = cluster.examine()
    assert (found["commands"].verdict, found["commands"].found) == ("fail", "not on PATH: squeue")
    assert set(found) == {"commands", "shared folder", "file system", "space"}


def test_a_folder_that_others_can_write_is_refused_and_no_node_is_asked(cluster: Cluster) -> None:
    cluster.shared.chmod(0o777)
    found = cluster.examine()
    assert (found["shared folder"].verdict, "job" in found) == ("fail", False)
    assert "could replace what is in it" in found["shared folder"].found


def test_where_nothing_can_be_made_the_folder_is_what_fails_and_the_rest_is_looked_at_all_the_same(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODIUM_SLURM_FOLDER", "/proc/podium")  # root too can make nothing there
    found = cluster.examine()
    assert (found["shared folder"].verdict, found["slurmctld"].verdict, "job" in found) == ("fail", "ok", False)
    assert "/proc" in found["shared folder"].found


def test_a_folder_that_this_home_has_used_and_that_is_away_is_not_said_to_be_made_again(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, root = Home(tmp_path / "home"), cluster.shared / "mark"
    monkeypatch.setenv("PODIUM_HOME", str(home.folder))
    home.folder.mkdir()
    home.cluster_record.symlink_to(root)
    found = cluster.examine()
    assert (found["shared folder"].verdict, "job" in found) == ("fail", False)
    assert found["shared folder"].found == f"{root} is not there any more"
    assert f"mkdir -p {root}/jobs" in found["shared folder"].fix
    (root / "jobs").mkdir(parents=True)
    assert folder.examine(load())[1][0].verdict == "ok"


def test_what_the_cluster_says_reaches_no_terminal_as_it_is(cluster: Cluster) -> None:
    cluster.say("sinfo", r"printf 'main\033[2J\342\200\256|up|3|idle|8|16000|(null)\n'")
    cluster.node("id", r"printf '0\033[31m'")
    found = cluster.examine()
    assert {"partitions", "user there"} < set(found)
    assert [each for each in found.values() if not each.found.isprintable() or "\u202e" in each.found] == []


@pytest.mark.parametrize(
    ("name", "script", "what", "verdict", "words"),
    [
        ("sbatch", SCRIPTS["sbatch"].replace("23.11.4", "19.05.8"), "version", "note", "older than 20.11"),
        ("scontrol", "echo 'Slurmctld(primary) at head is DOWN'; exit 1", "slurmctld", "fail", "head is DOWN"),
        (
            "scontrol",
            SCRIPTS["scontrol"].replace("proctrack/cgroup", "proctrack/linuxproc"),
            "ProctrackType",
            "note",
            "Podium's own sweep",
        ),
        ("scontrol", SCRIPTS["scontrol"].replace("300 sec", "5 sec"), "MinJobAge", "note", "5 s"),
        ("sinfo", "echo 'main|up|3|idle|8|16000|(null)'", "partitions", "note", "main: 3 idle"),
        ("sinfo", "echo 'main*|up|3|down*|8|16000|(null)'", "partitions", "note", "main*: 3 down*"),
        ("sinfo", "", "partitions", "fail", "none that you may see"),
        (
            "sbatch",
            SCRIPTS["sbatch"].partition("for script")[0]
            + "echo 'sbatch: error: Batch job submission failed: Invalid account or account/partition' >&2; exit 1",
            "job",
            "fail",
            "sbatch says: Invalid account or account/partition",
        ),
    ],
)
def test_what_a_cluster_lacks_is_told_with_its_fix(
    cluster: Cluster, name: str, script: str, what: str, verdict: str, words: str
) -> None:
    cluster.say(name, script)
    found = cluster.examine()[what]
    assert found.verdict == verdict
    assert words in found.found
    assert found.fix


@pytest.mark.parametrize(
    ("name", "script", "what", "verdict", "words"),
    [
        ("id", "echo 12345", "user there", "fail", "uid 12345 on node f7"),
        ("date", 'exec /usr/bin/date -d "now + 90 seconds" "$@"', "clock there", "note", "s ahead of this machine's"),
        ("date", 'exec /usr/bin/date -d "now - 90 seconds" "$@"', "clock there", "note", "s behind this machine's"),
        ("date", "echo never", "clock there", "note", "did not say"),
        ("old-python", "echo 3.6.8", "python there", "fail", "old-python on node f7: 3.6.8"),
        ("other/python", "", "python there", "fail", "not found"),
    ],
)
def test_what_a_node_lacks_is_told_with_its_fix(
    cluster: Cluster, name: str, script: str, what: str, verdict: str, words: str
) -> None:
    if script:
        cluster.node(name, script)
    found = cluster.examine(python=name if what == "python there" else "python3")[what]
    assert found.verdict == verdict
    assert words in found.found
    assert found.fix


def test_accounts_are_named_where_the_cluster_keeps_them(cluster: Cluster) -> None:
    assert "accounts" not in cluster.examine()
    cluster.say("scontrol", SCRIPTS["scontrol"].replace("accounting_storage/none", "accounting_storage/slurmdbd"))
    cluster.say("sacctmgr", "echo 'physics||normal,long'; echo 'chemistry|main|normal'")
    assert cluster.examine()["accounts"].found == "physics normal,long; chemistry main normal"
    cluster.say("sacctmgr", "")
    assert cluster.examine()["accounts"].verdict == "note"


def test_a_job_that_waits_is_cancelled_with_the_reason_and_no_failure(cluster: Cluster) -> None:
    cluster.say("sbatch", SCRIPTS["sbatch"].replace("SLURMD_NODENAME=f7", ": "))
    cluster.say("squeue", PENDING)
    found = cluster.examine(wait_seconds=0.2)["job"]
    assert (found.verdict, "the reason: Resources" in found.found) == ("note", True)
    assert "--wait" in found.fix
    assert (cluster.folder / "cancelled").exists()


@pytest.mark.parametrize(
    ("edit", "code", "words"),
    [
        ("s#^cd /#cd /nowhere/#", 11, "node f7 does not see"),
        ("s#cat question#echo old#", 12, "sees another"),
        ("s#answer.new#/nowhere/answer#", 13, "cannot write to"),
    ],
)
def test_a_node_that_does_not_share_the_folder_is_told(cluster: Cluster, edit: str, code: int, words: str) -> None:
    played = f'sed -i \'{edit}\' "$script"; sh "$script" >/dev/null 2>&1; echo $? >$HERE/code; : '
    cluster.say("sbatch", SCRIPTS["sbatch"].replace("SLURMD_NODENAME=f7", played))
    cluster.say("squeue", SCRIPTS["squeue"].replace("RUNNING", "FAILED"))
    found = cluster.examine()["job"]
    assert (cluster.folder / "code").read_text() == f"{code}\n"
    assert (found.verdict, words in found.found, str(cluster.shared) in found.found) == ("fail", True, True)


def test_a_signal_ends_the_job_too(cluster: Cluster) -> None:
    cluster.say("sbatch", SCRIPTS["sbatch"].replace("SLURMD_NODENAME=f7", ": "))
    cluster.say("squeue", PENDING)
    doctor = subprocess.Popen(nursed.command("commands", "doctor", "--engine", "slurm"), stdout=subprocess.DEVNULL)
    until((cluster.folder / "submitted").exists)
    doctor.send_signal(signal.SIGTERM)
    assert doctor.wait(60) == 128 + signal.SIGTERM
    assert (cluster.folder / "cancelled").exists()
    assert not list(cluster.shared.iterdir())


def test_the_exit_code_tells_of_the_cluster_too_and_the_plain_command_how_to_look_at_it(
    cluster: Cluster, short_tmp: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(short_tmp / "home")]
    assert main(["doctor", "--engine", "slurm", "--json", *home]) == 0
    seen = answer("doctor", capsys.readouterr().out)
    assert (seen.passed, {"python", "job"} < {each.what for each in seen.findings}) == (True, True)
    cluster.say("sinfo", "")
    assert main(["doctor", "--engine", "slurm", "--json", *home]) == 1
    assert not answer("doctor", capsys.readouterr().out).passed
    monkeypatch.setenv("PODIUM_ENGINE", "slurm")
    assert main(["doctor", "--json", *home]) == 0
    (found,) = [each for each in answer("doctor", capsys.readouterr().out).findings if each.what == "engine"]
    assert found.fix == "podium doctor --engine slurm"


MOUNTS = (
    "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
    "40 21 0:50 / /shared\\040data rw - nfs4 server:/data rw\n"
    "41 21 0:51 / /share rw - tmpfs tmpfs rw\n"
)


def test_the_file_system_of_a_path_is_that_of_the_mount_it_is_below() -> None:
    assert file_system(MOUNTS, "/shared data/podium") == "nfs4"
    assert file_system(MOUNTS, "/shared") == "ext4"
    assert file_system(MOUNTS, "/share") == "tmpfs"


def test_what_the_nodes_share_is_on_a_network_and_the_database_is_not() -> None:
    good = list(kinds(MOUNTS, "/shared data/podium", "/home/me"))
    assert [(each.what, each.verdict) for each in good] == [("file system", "ok")]
    wrong = {each.what: each for each in kinds(MOUNTS, "/home/me/cluster", "/shared data/me")}
    assert {each.verdict for each in wrong.values()} == {"note"}
    assert "slurm_folder" in wrong["file system"].fix
    assert "PODIUM_HOME" in wrong["database"].fix
