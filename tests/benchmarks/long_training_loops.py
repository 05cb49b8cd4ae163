"""A training of many steps of a tiny model, as `match` makes it, beside its calls of `train_epoch` alone.

Run as `python long_training_loops.py ADAPTER MODE STEPS EPOCHS ROUNDS`; prints one line of JSON. One worker makes both
in turn. A training is timed from its request until its records are written, less its compilation.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from long_training_tasks import TASKS

from harness.composition import compose
from harness.data import load
from harness.report.terminal import Terminal
from harness.scenarios import phases, run
from harness.worker import Workers
from harness.worker.memory import resident_bytes
from harness.worker.sharing import share

BATCH = 20  # of the 20 samples of `data=polynomial`: every step is a pass
MODEL = ["data=polynomial", "model=mlp_1_5_5_1", "loss=mean_squared_error", "optimizer=sgd", "schedule.rate=0.1"]


def main(adapter: str, mode: str, steps: int, epochs: int, rounds: int) -> None:
    # The worker finds the task in this folder.
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    length = [f"training.epochs={epochs}", f"training.passes_per_epoch={steps // epochs}"]
    length.append(f"training.batch_size={BATCH}")
    arm = f"arms=[{{use: {adapter}, mode: {mode}}}]"
    experiment = compose([*MODEL, *length, arm]).experiment
    data = load(experiment.data)
    plan = run.plan_of(experiment, data)
    with tempfile.TemporaryDirectory() as folder:
        training = run.begin(experiment, data, plan, Path(folder), Terminal())
        training.trains = True
        training.store.write_inputs(experiment, plan, data)
        training.scratch.mkdir()
        share(training.scratch, experiment, plan, data)
        (arm_of_run,) = experiment.arms
        baseline = training.traces[arm_of_run.name]
        whole_s, alone_s = [], []
        with Workers(Path(folder)) as workers:
            worker = workers.of(arm_of_run, training.scratch)
            worker_before = worker.ready()["baseline_rss_bytes"]
            before = resident_bytes("VmHWM")
            for _ in range(rounds):
                training.traces[arm_of_run.name] = baseline
                start_s = time.perf_counter()
                phases.train(training, arm_of_run, workers)
                trace = training.traces[arm_of_run.name]
                whole_s.append(time.perf_counter() - start_s - trace.compile_time_s)
                alone_s.append(worker.ask(TASKS["alone"])[0]["epochs_s"])
        if trace.failure is not None or len(trace.losses) != plan.steps:
            sys.exit(f"the training made {len(trace.losses)} of {plan.steps} steps: {trace.failure}")
        record = {
            "whole_s": whole_s,
            "alone_s": alone_s,
            "in_epochs_s": sum(epoch.epoch_time_s for epoch in trace.epochs),
            "parent_bytes": [before, resident_bytes("VmHWM")],
            "worker_bytes": [worker_before, trace.epochs[-1].peak_rss_bytes],
            "orders_bytes": sum(order.nbytes for order in plan.orders),
        }
    print(json.dumps(record))


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:6]))
