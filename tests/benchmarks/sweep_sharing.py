"""Short checks of both frameworks on two workers, against the processor time that they take one by one.

    python tests/benchmarks/sweep_sharing.py [JOBS] [alone|shared|threads]

`alone`: each in a process of its own, one after another; the processor time of all. `shared`: two at once, in processes
that run several. `threads`: how many threads a framework has after its import. Without one of these, all of them.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
JOBS = 8  # 64 for the figure of docs/sweeps.md at its full size
AIM = 1.15  # times half of the processor time alone
CHECK = ["check", "-m", "model=mlp_10_relu", "rungs=[schedule,activation]", "hydra/launcher=joblib", "-q"]
THREADS = "import {name}, os; print(len(os.listdir('/proc/self/task')))"


def swept(jobs: int, *settings: str) -> tuple[float, float]:
    """The wall-clock time and the processor time of a sweep, in seconds."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TWINRUN_REPORT": "markdown"}
    with tempfile.TemporaryDirectory() as folder:
        typed = [*CHECK, f"seed=range(0,{jobs})", f"hydra.sweep.dir={folder}/sweep", *settings]
        before, started_s = cpu_s(), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "harness", *typed], env=environment, capture_output=True, text=True, check=False
        )
        took = time.perf_counter() - started_s, cpu_s() - before
        rows = [json.loads(path.read_text()) for path in Path(folder, "sweep", "jobs").glob("*.json")]
    assert done.returncode == 0, done.stdout + done.stderr
    assert [row["status"] for row in rows] == ["done"] * jobs
    return took


def cpu_s() -> float:
    """The processor time of all processes that this one has waited for, and of those that they have waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def threads_of(name: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", THREADS.format(name=name)], capture_output=True, text=True, check=False
    )
    return done.stdout.split()[-1] if done.returncode == 0 else "not installed"


def main(arguments: list[str]) -> None:
    jobs = int(arguments[0]) if arguments else JOBS
    parts = arguments[1:] or ["alone", "shared", "threads"]
    found: dict[str, float] = {}
    if "alone" in parts:
        wall_s, found["alone"] = swept(jobs, "hydra.launcher.n_jobs=1", "hydra.launcher.jobs_per_process=1")
        print(f"{jobs} jobs one by one: {wall_s:.1f} s, {found['alone']:.1f} s of CPU")
    if "shared" in parts:
        found["shared"], used_s = swept(jobs, "hydra.launcher.n_jobs=2")
        print(f"{jobs} jobs on two workers that share imports: {found['shared']:.1f} s, {used_s:.1f} s of CPU")
    if len(found) == 2:
        ratio = found["shared"] / (found["alone"] / 2)
        print(f"{ratio:.2f} of half of the processor time alone (aim: at most {AIM})")
    if "threads" in parts:
        for name in ("mindspore", "tensorflow"):
            print(f"threads after the import of {name}: {threads_of(name)}")


if __name__ == "__main__":
    main(sys.argv[1:])
