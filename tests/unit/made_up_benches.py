"""Complete folders of benches whose times, accuracies and parity a test states."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from made_up_timings import timings

from harness.composition import compose
from harness.records.failure import Failure
from harness.records.machine import Machine
from harness.records.timing import CONTROL, Bench, Credit, Measurement
from harness.results.claim import CLAIM
from harness.results.marker import MARKER, Marker, complete
from harness.results.timings import write_timings

HERE = Machine(processor="a processor", cores=2, memory_gib=8, system="Linux x86_64", features="0123")
ARMS = ("mindspore", "tensorflow")
STEP_S = {"mindspore": 0.004, "tensorflow": 0.006, CONTROL: 0.02}
AGREES = Credit(status="agrees", source="check")


def write_bench(
    folder: Path,
    *,
    seed: int = 0,
    rounds: int = 16,
    spread: float = 0.01,
    factors: Mapping[str, float] | None = None,
    accuracies: Mapping[str, float] | None = None,
    credits: Mapping[str, Credit] | None = None,
    machine: Machine | None = HERE,
    protocol: int = 1,
    overrides: Sequence[str] = (),
    digest: str = "plan",
    failed_round: Mapping[str, int] | None = None,
    without_control: bool = False,
    drift: float = 0.0,
    started: str = "2026-11-01T08:00:00Z",
    ended: str = "2026-11-01T08:10:00Z",
) -> Path:
    """Writes a complete bench. `factors`: of each row's time. `failed_round`: from which on a row crashes.

    `drift`: by how much all times grow from the first round to the last. The control varies by at most 1 %.
    """
    random = np.random.default_rng(seed)
    factor, scores, parity = factors or {}, accuracies or {}, credits or {}
    names = (*ARMS, *(() if without_control else (CONTROL,)))
    spreads = {name: min(spread, 0.01) if name == CONTROL else spread for name in names}
    host = np.linspace(1, 1 + drift, rounds)
    medians = {
        name: factor.get(name, 1.0) * STEP_S[name] * host * np.exp(random.normal(0, spreads[name], rounds))
        for name in names
    }
    made = timings({name: [[s, s, s] for s in times] for name, times in medians.items()})
    rows = tuple(row.model_copy(update={"credit": parity.get(row.name, AGREES)}) for row in made.bench.rows)
    bench = Bench(measurement=Measurement(), rows=rows, rounds=rounds, machine=machine, protocol=protocol)
    crashed = Failure(symptom="signal", stage="time", message="killed by SIGSEGV")
    processes = []
    for process in made.processes:
        update: dict[str, Any] = {"environment": {"versions": {process.row: "1.0"}}}
        if not process.is_control:
            update["test_accuracy"] = scores.get(process.row, 0.95)
        if (failed_round or {}).get(process.row, rounds) <= process.round:
            update = {"failure": crashed}
        processes.append(process.model_copy(update=update))
    folder.mkdir(parents=True)
    write_timings(folder, replace(made, bench=bench, processes=tuple(processes)))
    experiment = compose([*overrides], []).experiment
    (folder / "experiment.json").write_text(experiment.model_dump_json(indent=2))
    plan = {"digest": digest, "samples": {"train": 4000, "test": 1000}}
    (folder / "plan.json").write_text(json.dumps(plan))
    (folder / CLAIM).write_text(json.dumps({"verb": "bench", "started": started}))
    complete(folder, Marker.of("bench", 0, "TIMED: made up"))
    end_at(folder, ended)
    return folder


def end_at(folder: Path, ended: str) -> None:
    """Writes another time into the marker, with its digest."""
    from harness.results import marker

    content = json.loads((folder / MARKER).read_text())
    content["ended"] = ended
    content[marker.OWN] = marker._own_digest(content)
    (folder / MARKER).write_text(json.dumps(content))
