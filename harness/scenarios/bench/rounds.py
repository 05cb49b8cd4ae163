"""The rounds of a bench: each row once, in an order that is reversed from round to round, and around each the control.

A machine may be slow for a second or two, so the control is not timed only once in a round of minutes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from harness.records.timing import Ended
from harness.scenarios.bench.control import Control
from harness.scenarios.bench.credit import with_loop_credits
from harness.scenarios.bench.estimate import Pilot, estimated, piloted, sizes, sizes_of_sides
from harness.scenarios.bench.process import Size, time_row
from harness.scenarios.bench.state import ActiveBench, ExperimentBench
from harness.subjects.bench.summary import ratios, summaries
from harness.subjects.gate.in_turns import Looks
from harness.timing.stopping import why_ended
from harness.worker.timing.control import WORK


def time_rows(bench: ActiveBench) -> None:
    """Times rounds until the ratios are known well enough or the budget is spent, and records which."""
    measurement = bench.record.measurement
    bench.began_s = time.monotonic()
    bench.update(control=WORK)
    bench.listener.stage("estimate")
    pilots = piloted(bench)
    if not pilots:
        bench.update(ended="failed")
        return
    if isinstance(bench, ExperimentBench) and any(row.loop for row in bench.rows):
        bench.update(rows=with_loop_credits(bench, {name: pilot.losses for name, pilot in pilots.items()}))
        bench.listener.credited([row for row in bench.rows if row.loop])
    left_s = measurement.budget_s - (time.monotonic() - bench.began_s)
    if bench.record.base is None:
        chosen = sizes(pilots, left_s, measurement.processes, measurement.target_accuracy)
    else:  # a last look has at least twice the rounds of the first
        chosen = sizes_of_sides(sizes(pilots, left_s, 2 * measurement.processes), bench.record.pairs)
    bench.estimate(estimated(pilots, chosen, left_s, bench.plan_steps, judged=len(bench.record.pairs)))
    _time_rounds(bench, pilots, chosen)


def _time_rounds(bench: ActiveBench, pilots: Mapping[str, Pilot], chosen: Mapping[str, Size]) -> None:
    measurement = bench.record.measurement
    ended: Ended | None = None
    rounds = 0
    looks = Looks(measurement.processes) if bench.record.base is not None else None
    while ended is None:
        round_began_s = time.monotonic()
        _time_round(bench, rounds, chosen)
        rounds += 1
        bench.update(rounds=rounds)
        rows = summaries(bench.timings)
        bench.listener.round(rounds, rows)
        if all(bench.has_failed(row) for row in bench.rows):
            bench.update(ended="failed")
            return
        now_s = time.monotonic()
        spent = {
            "elapsed_s": now_s - bench.began_s,
            "round_s": now_s - round_began_s,
            "budget_s": measurement.budget_s,
        }
        ended = (
            why_ended(
                ratios(rows),
                rounds=rounds,
                fewest_rounds=measurement.processes,
                precision=measurement.precision,
                **spent,
            )
            if looks is None
            else looks.why_ended(bench.timings, rounds, **spent)
        )
    bench.update(ended=ended)


def _time_round(bench: ActiveBench, number: int, chosen: Mapping[str, Size]) -> None:
    """One round. A row of which a process has failed is left out."""
    bench.listener.stage(f"round {number + 1}")
    threads = dict.fromkeys(arm.threads or 0 for arm in bench.arms)
    scratch, on_work = bench.scratch, bench.listener.work
    about = {"number": len(bench.processes), "round": number, "place": 0}
    healthy = [row for row in bench.rows if not bench.has_failed(row)]
    with Control(bench.control_folder, scratch, list(threads), about, on_work) as control:
        bench.add(*control.timed())
        for place, row in enumerate(healthy if number % 2 == 0 else reversed(healthy), 1):
            about = {"number": len(bench.processes), "round": number, "place": place}
            arm, folder, preparation = bench.arm_of(row), bench.arm_folder(row), bench.preparation(row)
            bench.add(*time_row(row, arm, preparation, folder, scratch, chosen[row.name], about, on_work))
            bench.replace(*control.timed())
