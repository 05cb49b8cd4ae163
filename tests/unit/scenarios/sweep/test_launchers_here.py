"""Launchers without a cluster: how many jobs at once, what a scheduler is told, and what is missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from made_up_sweeps import ended, job, sweep, written

from harness.composition import UserMistake
from harness.records.sweep import Attempt, Job, Sweep
from harness.scenarios.sweep.launchers import extras, local, ray_cluster, slurm
from harness.scenarios.sweep.launchers.local import LocalLauncher
from harness.scenarios.sweep.launchers.ray_cluster import RayLauncher
from harness.scenarios.sweep.launchers.slurm import SlurmLauncher

GIB = 1 << 30


def needing(number: int, **needs: Any) -> Job:
    return job(number).model_copy(update=needs)


class Running:
    """Stands for `run_job`: each job takes a moment, and how many run at once is counted."""

    def __init__(self) -> None:
        self.now, self.most, self.lock = 0, 0, threading.Lock()

    def __call__(self, folder: Path, sweep: Sweep, job: Job, **given: Any) -> Attempt:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.05)
        with self.lock:
            self.now -= 1
        return ended(folder, job)


def at_once(folder: Path, monkeypatch: pytest.MonkeyPatch, jobs: list[Job], n_jobs: int, verb: str = "check") -> int:
    running, rows = Running(), list[Attempt]()
    monkeypatch.setattr(local, "run_job", running)
    monkeypatch.setattr(local, "cores", lambda: 4)
    monkeypatch.setattr(local, "available_memory", lambda: (8 * GIB, "available"))
    made = written(folder, jobs, verb=verb)
    LocalLauncher(n_jobs).run(folder, made, jobs, rows.append, lambda: False)
    assert sorted(row.job for row in rows) == [each.number for each in jobs]
    return running.most


@pytest.mark.parametrize(
    ("n_jobs", "verb", "needs", "expected"),
    [
        (1, "check", {}, 1),
        (-1, "check", {}, 4),
        (3, "check", {}, 3),
        (-1, "check", {"cores": 2}, 2),
        (-1, "check", {"memory_bytes": 3 * GIB}, 2),
        (-1, "check", {"memory_bytes": 99 * GIB}, 1),
        (-1, "match", {}, 1),
        (-1, "bench", {}, 1),
    ],
)
def test_cores_and_memory_are_respected_and_times_are_measured_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_jobs: int, verb: str, needs: dict[str, Any], expected: int
) -> None:
    jobs = [needing(number, **needs) for number in range(6)]
    assert at_once(tmp_path / "s", monkeypatch, jobs, n_jobs, verb) == expected


def test_no_two_jobs_have_one_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken, lock, seen = set[str](), threading.Lock(), list[str]()

    def run(folder: Path, sweep: Sweep, job: Job, devices: dict[str, str], **given: Any) -> Attempt:
        assert devices["CUDA_VISIBLE_DEVICES"] == devices["ASCEND_RT_VISIBLE_DEVICES"]
        device = devices["CUDA_VISIBLE_DEVICES"]
        with lock:
            assert device not in taken
            taken.add(device)
            seen.append(device)
        time.sleep(0.02)
        with lock:
            taken.remove(device)
        return ended(folder, job)

    monkeypatch.setattr(local, "run_job", run)
    monkeypatch.setattr(local, "cores", lambda: 8)
    jobs = [job(number) for number in range(8)]
    LocalLauncher(-1, [0, 3]).run(tmp_path / "s", written(tmp_path / "s", jobs), jobs, lambda row: None, lambda: False)
    assert sorted(set(seen)) == ["0", "3"]
    assert len(seen) == 8
    with pytest.raises(UserMistake, match=r"given \[1, 1\]; allowed: different numbers"):
        LocalLauncher(-1, [1, 1])


def test_a_fault_in_a_job_ends_the_others_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[int] = []

    def run(folder: Path, sweep: Sweep, job: Job, is_stopped: Any, **given: Any) -> None:
        if job.number == 1:
            raise OSError("no disk")
        while not is_stopped():
            time.sleep(0.01)
        stopped.append(job.number)

    monkeypatch.setattr(local, "run_job", run)
    monkeypatch.setattr(local, "cores", lambda: 2)
    jobs = [job(0), job(1), job(2)]
    made = written(tmp_path / "s", jobs)
    with pytest.raises(OSError, match="no disk"):
        LocalLauncher(-1).run(tmp_path / "s", made, jobs, lambda row: None, lambda: False)
    assert stopped == [0]


def test_what_slurm_is_told() -> None:
    pytest.importorskip("submitit", reason="the extra slurm is not installed")
    launcher = SlurmLauncher(executor="local", partition="gpu", gres="gpu:1")
    launcher.executor = "slurm"
    jobs = [needing(0, limit_s=7200, memory_bytes=3 * GIB // 2, cores=2), needing(1, limit_s=60)]
    told = launcher.parameters(sweep(jobs), jobs)
    assert (told["timeout_min"], told["mem_gb"], told["cpus_per_task"]) == (120, 2, 2)
    assert (told["slurm_partition"], told["slurm_gres"]) == ("gpu", "gpu:1")
    assert "slurm_account" not in told
    assert "slurm_exclusive" not in told
    assert launcher.parameters(sweep(jobs, verb="bench"), jobs)["slurm_exclusive"]
    launcher.jobs_per_task = 3
    assert launcher.parameters(sweep(jobs), jobs)["timeout_min"] == 360
    launcher.timeout_min = 5
    assert launcher.parameters(sweep(jobs), jobs)["timeout_min"] == 5


def test_a_task_says_that_its_host_does_not_see_the_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"is not there on host .*: hosts must share it"):
        slurm.Task(str(tmp_path / "nowhere"), sweep([]), (job(0),))()
    assert ray_cluster.run_here(str(tmp_path / "nowhere"), sweep([]), job(0)) is False


@pytest.mark.parametrize(
    ("make", "name", "extra"),
    [(SlurmLauncher, "submitit", "slurm"), (RayLauncher, "ray", "ray")],
)
def test_a_missing_package_says_which_extra_brings_it(
    monkeypatch: pytest.MonkeyPatch, make: Any, name: str, extra: str
) -> None:
    def missing(asked: str) -> None:
        raise ModuleNotFoundError(asked)

    monkeypatch.setattr(extras, "import_module", missing)
    with pytest.raises(
        UserMistake, match=rf"needs the package {name}, which is not installed: pip install 'twinrun\[{extra}\]'"
    ):
        make()


def test_slurm_without_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit", reason="the extra slurm is not installed")
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(UserMistake, match="there is no srun on this host"):
        SlurmLauncher()
    with pytest.raises(UserMistake, match="given 'cloud'; allowed: slurm, local"):
        SlurmLauncher(executor="cloud")  # type: ignore[arg-type]


def test_a_slurm_that_does_not_answer_is_a_mistake_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("submitit", reason="the extra slurm is not installed")
    for name in ("srun", "sinfo"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'sinfo: fatal: no configuration source' >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserMistake, match=r"Slurm does not answer \(sinfo: fatal: no configuration source\)"):
        SlurmLauncher()


def test_an_address_is_host_and_port_and_answers() -> None:
    with pytest.raises(UserMistake, match=r"given 'there'; allowed: HOST:PORT, auto, or null"):
        extras.answering("there", 1.0)
    with pytest.raises(UserMistake, match=r"address=127\.0\.0\.1:9: does not answer"):
        extras.answering("127.0.0.1:9", 1.0)


def test_a_job_that_no_node_can_run_is_a_mistake() -> None:
    need = {"num_cpus": 1, "num_gpus": 0, "memory": GIB, "resources": {"ascend": 1}}
    small, large = {"Resources": {"CPU": 4, "memory": GIB}}, {"Resources": {"CPU": 1, "memory": GIB, "ascend": 1}}
    ray_cluster._refuse_infeasible([need], [small, large])
    with pytest.raises(UserMistake, match=r"none of the 1 nodes of the cluster has CPU 1, memory .*, ascend 1"):
        ray_cluster._refuse_infeasible([need], [small])


def test_without_numbers_one_job_at_a_time_uses_the_accelerator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "has_tool", lambda kind: kind == "gpu")
    on_gpu = [needing(number, accelerators=("gpu",)) for number in range(4)]
    assert at_once(tmp_path / "gpu", monkeypatch, on_gpu, -1) == 1
    elsewhere = [needing(number, accelerators=("ascend",)) for number in range(4)]
    assert at_once(tmp_path / "none", monkeypatch, elsewhere, -1) == 4


def test_an_array_has_no_more_tasks_than_slurm_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm, "_asked", lambda *command: "MaxArraySize            = 4001\nMaxJobCount = 10000")
    assert slurm._most_of_an_array() == 4001
    monkeypatch.setattr(slurm, "_asked", lambda *command: None)
    assert slurm._most_of_an_array() == 1001


class Submitted:
    """Stands for submitit: it keeps the tasks that it is given, in arrays."""

    def __init__(self) -> None:
        self.arrays: list[list[slurm.Task]] = []

    def AutoExecutor(self, **given: Any) -> Submitted:  # noqa: N802  (submitit's name)
        return self

    def update_parameters(self, **given: Any) -> None:
        pass

    @contextmanager
    def batch(self) -> Iterator[None]:
        self.arrays.append([])
        yield

    def submit(self, task: slurm.Task) -> SimpleNamespace:
        self.arrays[-1].append(task)
        return SimpleNamespace(job_id=f"{len(self.arrays)}_{len(self.arrays[-1]) - 1}")


def test_jobs_are_handed_over_in_tasks_and_arrays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("submitit", reason="the extra slurm is not installed")
    launcher = SlurmLauncher(executor="local", jobs_per_task=2)
    launcher.executor, submitted = "slurm", Submitted()
    launcher._submitit = submitted
    monkeypatch.setattr(slurm, "_most_of_an_array", lambda: 2)
    jobs = [job(number) for number in range(7)]
    handed = launcher.hand_over(tmp_path, sweep(jobs), jobs)
    tasks = [[[each.number for each in task.jobs] for task in array] for array in submitted.arrays]
    assert tasks == [[[0, 1], [2, 3]], [[4, 5], [6]]]
    assert handed == {0: "1_0", 1: "1_0", 2: "1_1", 3: "1_1", 4: "2_0", 5: "2_0", 6: "2_1"}
    assert submitted.arrays[0][0].sweep.jobs == ()  # no task carries the jobs of all others
