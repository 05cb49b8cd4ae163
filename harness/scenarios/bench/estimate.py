"""What a bench will cost and can tell, from one process of each row that is not counted."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from harness.records.array_types import FloatArray
from harness.records.failure import Failure, WorkerFailedError
from harness.records.timing import Estimate, Row
from harness.scenarios.bench.process import FEWEST_BLOCKS, Size
from harness.scenarios.bench.state import ActiveBench
from harness.system.progress import Work
from harness.timing.power import MOST_PROCESSES, detectable_slowdown
from harness.worker.process import Worker
from harness.worker.timing import tasks

PILOT_STEPS, PILOT_BLOCKS = 5, 2
LOSSES = 10  # steps by which a loop that users type is held against its arm
LONGEST_S, SHORTEST_S = 5.0, 1.0  # of the blocks of a process
MOST_BLOCKS = 400
LONGEST_EPOCH_S = 10.0  # a whole epoch that takes longer is not timed as one
CONTROL_S = 5.0
# The relative spread of process medians that is assumed before any are known: 2 to 3 % on a quiet machine.
SPREAD = 0.03
POWER = 1.96 + 0.84  # quantiles of the normal law: two-sided at 5 %, noticed 8 times in 10
MEDIAN = math.sqrt(math.pi / 2)  # the standard error of a median over that of a mean


@dataclass(frozen=True)
class Pilot:
    """One process of a row, in seconds. `beside_s`: all but blocks and an epoch. `losses`: of its first steps."""

    beside_s: float
    step_s: float
    epoch_steps: int
    losses: FloatArray = field(default_factory=lambda: np.empty(0))


def piloted(bench: ActiveBench) -> dict[str, Pilot]:
    """A pilot of each row that does not fail, by its name. A failure is recorded as that of the row's first process.

    Rows that come after the whole budget is spent fail, except the first: it is timed whatever it takes.
    """
    pilots: dict[str, Pilot] = {}
    budget_s = bench.record.measurement.budget_s
    for row in bench.rows:
        if pilots and time.monotonic() - bench.began_s > budget_s:
            message = f"budget_s={budget_s:g} was spent by the rows before this one; give more, or fewer rows"
            bench.add_failure(row, Failure(symptom="budget", stage="estimate", message=message))
            continue
        bench.listener.work(Work(row.name, "one process that is not counted"))
        try:
            pilots[row.name] = _pilot(bench, row)
        except WorkerFailedError as error:
            bench.add_failure(row, error.failure)
        bench.listener.work(Work(row.name, "one process that is not counted", 1))
    return pilots


def _pilot(bench: ActiveBench, row: Row) -> Pilot:
    start_s = time.monotonic()
    with Worker(bench.arm_of(row), bench.arm_folder(row), bench.scratch) as worker:
        prepared = bench.preparation(row).ask(worker, block_steps=0, horizon=LOSSES + PILOT_STEPS * PILOT_BLOCKS)
        steps = min(PILOT_STEPS, prepared["epoch_steps"])
        losses = worker.ask(tasks.TASKS["losses"], steps=min(LOSSES, prepared["epoch_steps"]))[1]["losses"]
        times = worker.ask(tasks.TASKS["time"], blocks=PILOT_BLOCKS, steps=steps)[1]
        worker.ask(tasks.TASKS["conclude"], with_epoch=False)
    step_s = float((times["dispatch_s"] + times["fetch_s"]).min()) / steps
    beside_s = time.monotonic() - start_s - step_s * steps * PILOT_BLOCKS
    return Pilot(beside_s, step_s, prepared["epoch_steps"], np.asarray(losses, np.float64))


def sizes(
    pilots: dict[str, Pilot], left_s: float, processes: int, target_accuracy: float | None = None
) -> dict[str, Size]:
    """How much of each row a process times. All rows have blocks of equal length: the same work is fetched back.

    `left_s`: the seconds of the budget that are left for so many processes of each row.
    """
    beside_s = CONTROL_S + sum(pilot.beside_s for pilot in pilots.values())
    timed_s = min(LONGEST_S, max(SHORTEST_S, (left_s / processes - beside_s) / len(pilots)))
    slowest_s = max(pilot.step_s for pilot in pilots.values())
    epoch_steps = min(pilot.epoch_steps for pilot in pilots.values())
    block_steps = max(1, min(epoch_steps, int(timed_s / (FEWEST_BLOCKS * slowest_s))))
    return {
        name: Size(
            min(MOST_BLOCKS, max(FEWEST_BLOCKS, math.ceil(timed_s / (block_steps * pilot.step_s)))),
            block_steps,
            pilot.epoch_steps * pilot.step_s <= LONGEST_EPOCH_S,
            target_accuracy,
        )
        for name, pilot in pilots.items()
    }


def sizes_of_sides(chosen: dict[str, Size], pairs: Sequence[tuple[Row, Row]]) -> dict[str, Size]:
    """The same size for a head and its base, that of the one with fewer blocks: the slower one sets what a round costs.

    No epoch is timed, as none is judged.
    """
    equal = {name: replace(size, with_epoch=False) for name, size in chosen.items()}
    for head, base in pairs:
        known = [equal[row.name] for row in (head, base) if row.name in equal]
        equal |= {row.name: min(known, key=lambda size: size.blocks) for row in (head, base) if row.name in equal}
    return equal


def estimated(
    pilots: dict[str, Pilot], chosen: dict[str, Size], left_s: float, plan_steps: int = 0, judged: int = 0
) -> Estimate:
    """The cost of a round, how many fit into `left_s`, and what these can tell.

    `plan_steps`: of the whole plan, which is trained where a time to an accuracy was asked for. `judged`: the rows of a
    gate that times head and base in turns; 0 for a bench.
    """
    by_row = [
        pilot.beside_s
        + pilot.step_s * (size.steps(pilot.epoch_steps) + plan_steps * (size.target_accuracy is not None))
        for pilot, size in ((pilots[name], chosen[name]) for name in pilots)
    ]
    round_s = CONTROL_S + sum(by_row)
    rounds = max(0, int(left_s / round_s))
    smallest = resolution_of_gate(rounds, judged) if judged else resolution(rounds)
    return Estimate(round_s=round_s, rounds=rounds, spread=SPREAD, resolution=smallest)


def resolution(rounds: int, spread: float = SPREAD) -> float | None:
    """The smallest slowdown, relative, that so many rounds tell: at 5 %, 8 times in 10; None with less than two.

    A ratio within a round has the spread of two processes, `sqrt(2) * spread`, and the median over n rounds has
    `sqrt(pi / 2) / sqrt(n)` of that.
    """
    return POWER * MEDIAN * math.sqrt(2 / rounds) * spread if rounds > 1 else None


def resolution_of_gate(rounds: int, rows: int, spread: float = SPREAD) -> float | None:
    """The smallest slowdown that a gate of so many rows finds 9 times in 10; None where so few rounds find none.

    What is compared is a row over its base of the same round, which has the spread of two processes.
    """
    found = detectable_slowdown(min(rounds, MOST_PROCESSES), math.sqrt(2) * spread, rows, in_turns=True)
    return found if math.isfinite(found) else None
