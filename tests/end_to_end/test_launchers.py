"""A sweep on each launcher, with a job that dies: in submitit's processes, on a real Slurm, on a Ray cluster of two
nodes of which one is lost."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time

import pytest
from command import ROOT, finish, start
from small_sweeps import CRASHED, TINY, UNVERIFIED, rows_of

pytestmark = pytest.mark.nightly
JOB = [*TINY, "hydra.sweep.dir=sweep"]


def swept(tmp_path, environment, *typed):
    process = start(["check", "-m", *JOB, "seed=0,1,2", *typed, "--json"], tmp_path, **environment)
    code, out, err = finish(process)
    assert code == CRASHED, err
    outcome = json.loads(out)
    assert [job["status"] for job in outcome["jobs"]] == ["done", "crashed", "done"], outcome
    assert rows_of(tmp_path / "sweep") == {0: ["done"], 1: ["crashed", "crashed"], 2: ["done"]}
    return outcome


def test_submitits_local_executor(tmp_path, segfaulting):
    pytest.importorskip("submitit", reason="the extra slurm is not installed")
    swept(tmp_path, segfaulting, "hydra/launcher=twinrun_slurm", "hydra.launcher.executor=local")


SLURM = """\
ClusterName=twinrun
SlurmctldHost={host}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ReturnToService=2
NodeName={host} CPUs={cores} RealMemory={memory} State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@pytest.fixture
def slurm(tmp_path):
    """A Slurm of one node on this host; its environment. Skips, and says why, where it cannot run."""
    missing = [name for name in ("slurmctld", "slurmd", "munged", "srun") if shutil.which(name) is None]
    if missing or os.getuid() != 0:
        pytest.skip(f"no Slurm here: {', '.join(missing) or 'not root'} (apt-get install slurmctld slurmd munge)")
    folder = tmp_path / "slurm"
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    host = socket.gethostname().partition(".")[0]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    settings = {"host": host, "folder": folder, "cores": os.cpu_count(), "memory": int(0.9 * memory)}
    (folder / "slurm.conf").write_text(SLURM.format(**settings))
    environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}
    processes = []
    try:
        if subprocess.run(["munge", "-n"], capture_output=True, check=False).returncode != 0:
            subprocess.run(["install", "-d", "-o", "munge", "-g", "munge", "/run/munge"], check=True)
            processes.append(subprocess.Popen(["runuser", "-u", "munge", "--", "munged", "-F"]))
            time.sleep(1)
        for program in ("slurmctld", "slurmd"):
            processes.append(subprocess.Popen([program, "-D", "-f", str(folder / "slurm.conf")], env=environment))
        deadline = time.monotonic() + 30
        state = ""
        while "idle" not in state and time.monotonic() < deadline:
            time.sleep(0.5)
            asked = subprocess.run(
                ["sinfo", "-h", "-o", "%T"], env=environment, capture_output=True, text=True, check=False
            )
            state = asked.stdout
        if "idle" not in state:
            logs = "".join((folder / name).read_text()[-800:] for name in ("slurmctld.log", "slurmd.log"))
            pytest.skip(f"Slurm does not come up here: {state!r}; {logs}")
        yield {"SLURM_CONF": environment["SLURM_CONF"]}
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(20)


def test_a_real_slurm(tmp_path, segfaulting, slurm):
    pytest.importorskip("submitit", reason="the extra slurm is not installed")
    outcome = swept(tmp_path, {**segfaulting, **slurm}, "hydra/launcher=twinrun_slurm", "hydra.launcher.mem_gb=1")
    assert len(outcome["jobs"]) == 3
    assert (tmp_path / "sweep" / "submitit").is_dir()


def test_a_ray_cluster_on_this_host(tmp_path, segfaulting):
    pytest.importorskip("ray", reason="the extra ray is not installed")
    swept(tmp_path, segfaulting, "hydra/launcher=twinrun_ray")


TWO_NODES = """
import sys, time
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
first = cluster.add_node(num_cpus=1, resources={"left": 1})
second = cluster.add_node(num_cpus=1, resources={"right": 1})
print(cluster.address, flush=True)
for line in sys.stdin:
    cluster.remove_node(second, allow_graceful=False)
    print("removed", flush=True)
cluster.shutdown()
"""


def test_a_ray_cluster_that_loses_a_node(tmp_path):
    pytest.importorskip("ray", reason="the extra ray is not installed")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    cluster = subprocess.Popen([sys.executable, "-c", TWO_NODES], env=environment, **streams)
    try:
        address = cluster.stdout.readline().strip()
        typed = ["seed=range(0,4)", "hydra/launcher=twinrun_ray", f"hydra.launcher.address={address}", "--json"]
        sweep = start(["check", "-m", *JOB, *typed], tmp_path)
        deadline = time.monotonic() + 120
        while sum("running" in rows for rows in rows_of(tmp_path / "sweep").values() if rows) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        cluster.stdin.write("remove\n")
        cluster.stdin.flush()
        assert cluster.stdout.readline().strip() == "removed"
        code, out, err = finish(sweep)
        assert code == UNVERIFIED, err
        assert json.loads(out)["sentence"] == "UNVERIFIED: jobs of check: 4 unverified"
        assert sorted(rows_of(tmp_path / "sweep").values()) == [["done"], ["done"], ["done"], ["lost", "done"]]
    finally:
        cluster.stdin.close()
        cluster.wait(60)


def test_an_address_that_does_not_answer(tmp_path):
    pytest.importorskip("ray", reason="the extra ray is not installed")
    typed = ["seed=0,1", "hydra/launcher=twinrun_ray", "hydra.launcher.address=127.0.0.1:9"]
    code, out, err = finish(start(["check", "-m", *JOB, *typed], tmp_path))
    assert (code, out) == (2, "")
    assert "hydra.launcher.address=127.0.0.1:9: does not answer" in err
    assert not (tmp_path / "sweep").exists()
