"""A real sweep of jobs that only sleep, run by two drivers at once, against the simulation of the same.

    python tests/benchmarks/sweep_drivers.py

The drivers are processes with turns of their own, as on two hosts that share the folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sweep_scale import costs_of, measured
from sweep_simulation import Setting, lengths_of, simulated

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from made_up_sweeps import job, written

from harness.results.sweep_folder import JOBS, all_attempts, read_sweep
from harness.scenarios.sweep import job_process
from harness.scenarios.sweep.driver import Driver
from harness.scenarios.sweep.launchers.local import LocalLauncher

ROOT = Path(__file__).parents[2]
SETTING = Setting(way="drivers", jobs=120, hosts=2, lanes=2, latency_s=0.00002, job_s=0.3, import_s=0.1, run_trips=10)
# Stands for the program of jobs: it sleeps as long as the job states, and leaves a complete run.
PROGRAM = """
import json, os, sys, time
codes = int(sys.argv[1])
sys.stdin.readline()
for line in sys.stdin:
    request = json.loads(line)
    time.sleep(float(request["overrides"][0].partition("=")[2]))
    os.makedirs(request["out"])
    with open(os.path.join(request["out"], "complete.json"), "w") as marker:
        json.dump({"exit_code": 0, "sentence": "AGREES: it slept"}, marker)
    os.write(codes, b"0\\n")
"""


class Silent:
    """Receives the progress of a sweep, and shows nothing."""

    def begin(self, *_: object) -> None: ...

    def row(self, *_: object) -> None: ...

    def close(self) -> None: ...


def drive(folder: Path) -> None:
    """One driver, with as many jobs at once as the setting has lanes."""
    job_process.PROGRAM = "stand_in"
    sweep = read_sweep(folder)
    Driver(folder, sweep, LocalLauncher(SETTING.lanes), Silent()).see_through(sweep.jobs)


def real_s(above: Path) -> float:
    """The time from the first row to the last, with all drivers running."""
    (above / "stand_in.py").write_text(PROGRAM)
    jobs = [job(number, length=f"{length_s:.4f}") for number, length_s in enumerate(lengths_of(SETTING))]
    written(above / "sweep", jobs)
    drivers = []
    for number in range(SETTING.hosts):
        (above / str(number)).mkdir()
        paths = os.pathsep.join(map(str, (above, ROOT)))
        environment = {**os.environ, "PYTHONPATH": paths, "TMPDIR": str(above / str(number))}
        drivers.append(subprocess.Popen([sys.executable, __file__, str(above / "sweep")], env=environment))
    while not any((above / "sweep" / JOBS).iterdir()):
        time.sleep(0.001)
    started_s = time.perf_counter()
    assert [driver.wait() for driver in drivers] == [0] * SETTING.hosts
    rows = all_attempts(above / "sweep")
    assert [row.status for attempts in rows.values() for row in attempts] == ["done"] * SETTING.jobs
    return time.perf_counter() - started_s


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        costs = costs_of(measured(Path(folder) / "measured", SETTING.jobs, to_compose=1))
        took_s = real_s(Path(folder))
    found = simulated(SETTING, costs)
    print(f"{SETTING.jobs} jobs on {SETTING.hosts} drivers of {SETTING.lanes} lanes:", end=" ")
    print(f"measured {took_s:.1f} s, simulated {found.makespan_s:.1f} s, jobs alone {found.ideal_s:.1f} s")


if __name__ == "__main__":
    drive(Path(sys.argv[1])) if len(sys.argv) > 1 else main()
