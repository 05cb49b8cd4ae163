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

from harness.results.sweep_folder import all_attempts

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
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes={host} MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
"""
# Slurm itself lets two minutes pass before a task that was pre-empted begins again.
REQUEUED_S = 240.0
SLOW = """
import sys, time
if "harness.cli.sweep_job" in sys.orig_argv:
    time.sleep(8)
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


def asked(slurm, *command):
    environment = {**os.environ, **slurm}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_timed_jobs_have_whole_nodes(tmp_path, slurm):
    pytest.importorskip("submitit", reason="the extra slurm is not installed")
    needs = ["hydra/launcher=twinrun_slurm", "hydra.launcher.mem_gb=1", "hydra.launcher.cpus_per_task=1"]
    code, _, err = finish(start(["sweep", "submit", "match", *JOB, "seed=0,1", *needs], tmp_path, **slurm))
    assert code == 0, err
    deadline = time.monotonic() + 60
    while not (running := asked(slurm, "squeue", "-h", "-t", "R", "-o", "%C").split()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert running == [str(os.cpu_count())]  # one, on all cores
    while rows_of(tmp_path / "sweep") != {0: ["done"], 1: ["done"]}:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    first, second = (rows[-1] for rows in all_attempts(tmp_path / "sweep").values())
    assert first.ended <= second.started or second.ended <= first.started


def test_a_pre_empted_task_is_queued_again_and_goes_on(tmp_path, slurm):
    """Its row says that it was interrupted, which is no failure."""
    pytest.importorskip("submitit", reason="the extra slurm is not installed")
    (tmp_path / "planted").mkdir()
    (tmp_path / "planted" / "sitecustomize.py").write_text(SLOW)
    environment = {**slurm, "PYTHONPATH": os.pathsep.join((str(tmp_path / "planted"), str(ROOT)))}
    needs = ["hydra/launcher=twinrun_slurm", "hydra.launcher.mem_gb=1", "hydra.launcher.partition=debug"]
    code, _, err = finish(start(["sweep", "submit", "check", *JOB, "seed=0", *needs], tmp_path, **environment))
    assert code == 0, err
    deadline = time.monotonic() + 60
    while rows_of(tmp_path / "sweep") != {0: ["running"]}:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    asked(slurm, "sbatch", "-p", "urgent", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 1")
    deadline = time.monotonic() + REQUEUED_S
    while rows_of(tmp_path / "sweep") != {0: ["interrupted", "done"]}:
        assert time.monotonic() < deadline, rows_of(tmp_path / "sweep")
        time.sleep(1)
    assert finish(start(["sweep", "collect", "sweep", "-q"], tmp_path))[0] == UNVERIFIED


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
