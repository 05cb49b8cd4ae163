"""Benches with times that a test states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from harness.records.timing import CONTROL, SAMPLE_COLUMNS, Bench, Measurement, ProcessRecord, Row
from harness.results.timings import Timings

BLOCK_STEPS = 10


def timings(step_s: Mapping[str, Sequence[Sequence[float]]], bench: Bench | None = None) -> Timings:
    """A bench of these rows. `step_s`: by row, and for each round, the seconds of a step in each steady block.

    The blocks of each process begin with a first block and a warm-up block of twice the time.
    """
    rounds = max(map(len, step_s.values()))
    processes: list[ProcessRecord] = []
    blocks = []
    for number in range(rounds):
        names = list(step_s)[:: 1 if number % 2 == 0 else -1]
        for place, name in enumerate(names):
            process = len(processes)
            arm = "" if name == CONTROL else name
            processes.append(ProcessRecord(number=process, round=number, place=place, row=name, arm=arm))
            times = step_s[name][number]
            parts = [("first", 2 * times[0]), ("warm_up", 2 * times[0]), *(("steady", time) for time in times)]
            blocks += [
                (process, block, part, BLOCK_STEPS, 100 * BLOCK_STEPS, 0.75 * BLOCK_STEPS * s, 0.25 * BLOCK_STEPS * s)
                for block, (part, s) in enumerate(parts)
            ]
    rows = tuple(Row(name=name, arm=name, adapter=name, mode="graph") for name in step_s if name != CONTROL)
    return Timings(
        bench or Bench(measurement=Measurement(), rows=rows, rounds=rounds),
        tuple(processes),
        pd.DataFrame(blocks, columns=list(SAMPLE_COLUMNS)),
    )
