"""Benches that timed head and base in turns, with times that a test states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from made_up_benches import AGREES, ARMS, HERE, STEP_S
from made_up_timings import timings

from harness.records.failure import Failure
from harness.records.interpreter import Interpreter
from harness.records.timing import CONTROL, Bench, Credit, Ended, Measurement, base_name
from harness.results.timings import Timings

HEAD = Interpreter(python="/head/bin/python", code="/head", twinrun="0.1.0", source="aaaaaaaaaaaa")
BASE = Interpreter(python="/base/bin/python", code="/base", twinrun="0.1.0", source="bbbbbbbbbbbb")
CRASHED = Failure(symptom="signal", stage="time", message="killed by SIGSEGV")


def in_turns(
    *,
    rounds: int = 10,
    first: int = 10,
    seed: int = 0,
    spread: float = 0.01,
    drift: float = 0.0,
    factors: Mapping[str, float] | None = None,
    credits: Mapping[str, Credit] | None = None,
    failed_round: Mapping[str, int] | None = None,
    ended: Ended | None = "first look",
) -> Timings:
    """`factors`: of the time of each row of the head. `failed_round`: from which on a row, or a base, crashes.

    `drift`: by how much all times grow from the first round to the last.
    """
    random = np.random.default_rng(seed)
    host = np.linspace(1, 1 + drift, rounds)
    names = [CONTROL, *(name for arm in ARMS for name in (arm, base_name(arm)))]
    step_s = {}
    for name in names:
        factor = (factors or {}).get(name, 1.0)
        noise = np.exp(random.normal(0, min(spread, 0.01) if name == CONTROL else spread, rounds))
        step_s[name] = (factor * STEP_S[name.removesuffix("@base")] * host * noise).tolist()
    made = timings({name: [[s, s, s] for s in times] for name, times in step_s.items()})
    rows = tuple(
        row.model_copy(
            update={
                "arm": row.name.removesuffix("@base"),
                "base_of": row.name.removesuffix("@base") if "@" in row.name else "",
                "credit": (credits or {}).get(row.name, AGREES),
            }
        )
        for row in made.bench.rows
    )
    bench = Bench(
        measurement=Measurement(processes=first),
        rows=rows,
        rounds=rounds,
        machine=HERE,
        ended=ended,
        head=HEAD,
        base=BASE,
    )
    processes = tuple(
        process.model_copy(update={"failure": CRASHED})
        if (failed_round or {}).get(process.row, rounds) <= process.round
        else process.model_copy(
            update={
                "arm": process.arm.removesuffix("@base"),
                "environment": {"versions": {"numpy": "2.0" if "@" in process.row else "2.1"}},
            }
        )
        for process in made.processes
    )
    return replace(made, bench=bench, processes=processes)
