"""The control of a bench: a fixed piece of NumPy work, and the roofline of the machine, in a process of its own.

The work is the same for every experiment, so that its time changes only with the machine.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from adapters.protocol import Trainer
from harness.plan import draw_weights
from harness.records.array_types import IntArray
from harness.records.timing import CONTROL, Roofline
from harness.spec.activations import Relu
from harness.spec.initializers import XavierUniform
from harness.spec.layers import Dense
from harness.spec.losses import SoftmaxCrossEntropy
from harness.spec.model import Input, Model
from harness.spec.optimizers import Adam
from harness.spec.recipe import Recipe, Update
from harness.spec.schedules import Constant
from harness.worker.memory import resident_bytes
from harness.worker.session import Session
from harness.worker.task import Result, tasks
from harness.worker.timing.blocks import PEAK
from harness.worker.timing.stopwatch import Stopwatch
from harness.worker.timing.tasks import Timed, as_fields
from harness.worker.timing.window import window

FEATURES, UNITS, CLASSES, BATCH, STEPS = 256, 256, 10, 100, 10
WARM_UP = 3  # repetitions that are not counted
MOST = 10_000  # repetitions in the life of a process, for which it has learning rates
WORK = f"{STEPS} steps of a {FEATURES}-{UNITS}-{CLASSES} network with Adam, batch {BATCH}, by the NumPy reference"
PRODUCT = 1024  # rows and columns of the matrices of the roofline: 2.1e9 floating-point operations
COPIED_BYTES = 64 << 20  # beyond the caches of most processors
TRIES = 5  # of which the fastest counts: a roofline is what the machine can do


@dataclass(frozen=True)
class _Work:
    """What a process of the control makes once."""

    trainer: Trainer
    order: IntArray
    watch: Stopwatch
    roofline: list[dict[str, Any]]


def control(session: Session, scratch: str, repetitions: int, threads: Sequence[int]) -> Result:
    """Times the work so many times. `host`: of the process since its start, as fields of its record.

    The first time, the work is made and warmed up before, and the roofline is measured with each number of threads; 0
    is NumPy's own choice.
    """
    session.at(scratch)
    work: _Work | None = session.made.get(CONTROL)
    if work is None:
        work = session.made[CONTROL] = _made(session, threads)
    else:
        work.watch.resume()
    times_s = np.empty(repetitions)
    with window() as seen:
        for number in range(repetitions):
            start_s = time.perf_counter()
            work.trainer.train_epoch(work.order)
            times_s[number] = time.perf_counter() - start_s
    peak = resident_bytes(PEAK)
    about = {
        "wall_s": work.watch.wall_s(),
        "phases": dict(work.watch.seconds),
        "roofline": work.roofline,
        "affinity": sorted(os.sched_getaffinity(0)),
        "memory": {"after_import": peak, "after_build": peak, "peak": peak},
    }
    work.watch.rest()
    return session.reply({"dispatch_s": times_s, "fetch_s": np.zeros(repetitions)}, host={**as_fields(seen), **about})


def _made(session: Session, threads: Sequence[int]) -> _Work:
    watch = Stopwatch.of(session.birth)
    with watch.phase("roofline"):
        roofline = [_roofline(count).model_dump() for count in threads]
    with watch.phase("build"):
        trainer, order = _training(session, STEPS * MOST)
    with watch.phase("warm_up"):
        for _ in range(WARM_UP):
            trainer.train_epoch(order)
    return _Work(trainer, order, watch, roofline)


def _training(session: Session, horizon: int) -> tuple[Trainer, IntArray]:
    """The trainer of the work, and the order of one repetition."""
    dense = partial(Dense, kernel_initializer=XavierUniform())
    model = Model(input=Input(shape=(FEATURES,)), layers=(dense(units=UNITS, activation=Relu()), dense(units=CLASSES)))
    update = Update(optimizer=Adam(), schedule=Constant(rate=1e-3))
    recipe = Recipe(model=model, loss=SoftmaxCrossEntropy(), update=update, targets="labels")
    trainer = session.adapter.trainer(recipe, draw_weights(model, seed=0), horizon)
    rng = np.random.default_rng(0)
    trainer.bind(rng.standard_normal((BATCH * STEPS, FEATURES)), rng.integers(CLASSES, size=BATCH * STEPS))
    return trainer, np.arange(BATCH * STEPS).reshape(STEPS, BATCH)


def _roofline(threads: int) -> Roofline:
    """A float32 matrix product, by 2 n**3 operations, and a copy, by the bytes that are read and written."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, PRODUCT, PRODUCT), np.float32)
    product = np.empty_like(a)
    with threadpool_limits(limits=threads or None, user_api="blas"):
        product_s = _least_s(lambda: np.matmul(a, b, out=product))
    copiers = threads or len(os.sched_getaffinity(0))
    source = np.ones(COPIED_BYTES // 4, np.float32)
    parts = list(zip(np.array_split(source, copiers), np.array_split(np.empty_like(source), copiers), strict=True))
    with ThreadPoolExecutor(max_workers=copiers) as pool:
        copy_s = _least_s(lambda: list(pool.map(lambda part: np.copyto(part[1], part[0]), parts)))
    return Roofline(
        threads=threads,
        product_flops_per_s=2 * PRODUCT**3 / product_s,
        copy_bytes_per_s=2 * source.nbytes / copy_s,
    )


def _least_s(work: Callable[[], object]) -> float:
    times_s = []
    for _ in range(TRIES + 1):  # the first touches the memory
        start_s = time.perf_counter()
        work()
        times_s.append(time.perf_counter() - start_s)
    return min(times_s[1:])


TASKS = tasks(__name__, {"control": (control, Timed)})
