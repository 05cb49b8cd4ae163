"""Results folders with any number of runs that never ran, written in about a millisecond each, some of them damaged."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from made_up_traces import epoch
from small_experiment import SMALL

from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.results import marker
from harness.results.store import VERDICT_COLUMNS
from harness.spec import Arm, Experiment

EXPERIMENTS = ("mnist_mlp", "cnn", "sales")
ARMS = {"mindspore": "jit", "tensorflow": "graph"}
BEGIN = datetime(2026, 1, 1)
BROKEN = ("cut trace", "no marker", "cut marker", "cut verdicts", "changed plan", "empty")
MACHINE = {"processor": "made up", "cores": 4, "memory_gib": 16, "system": "Linux x86_64", "features": "0"}


@dataclass(frozen=True)
class MadeUp:
    """What one run says of itself. `step_s` and `accuracy`: by arm. `broken`: one of `BROKEN`, or empty."""

    experiment: str = "mnist_mlp"
    created: datetime = BEGIN
    verdict: str = "agrees"
    seed: int = 0
    versions: Mapping[str, str] = field(default_factory=lambda: {"mindspore": "2.10.0", "tensorflow": "2.21.0"})
    twinrun: str = "0.1.0"
    step_s: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(ARMS, 0.01))
    accuracy: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(ARMS, 0.9))
    machine: Mapping[str, Any] = field(default_factory=lambda: MACHINE)
    host: str = "made-up-host"
    broken: str = ""
    name: str = ""

    @property
    def place(self) -> str:
        """The run's folder in its results folder."""
        return f"{self.experiment}/{self.name or self.created.strftime('%Y%m%dT%H%M%SZ') + f'-{self.seed:08x}'}"


def write_run(results: Path, run: MadeUp) -> Path:
    """Writes the folder of a run, as if it had ended."""
    folder = results / run.place
    folder.mkdir(parents=True)
    started, ended = (time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in (run.created, run.created + timedelta(minutes=1)))
    claim = {"twinrun": run.twinrun, "host": run.host, "user": "somebody", "process": 1, "started": started}
    claim |= {"python": "3.11.7", "machine": run.machine, "verb": "match"}
    records = {"claim.json": _json(claim), "plan.json": _json(_plan(run)), "verdicts.parquet": _verdicts(run.verdict)}
    records["experiment.json"] = _json({**_experiment(), "name": run.experiment, "seed": run.seed})
    records |= {f"arms/{arm}/trace.json": _json(_trace_of(run, arm)) for arm in ARMS}
    for place, content in records.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    sentence = f"{run.verdict.upper()}: {' and '.join(ARMS)} on model"
    content = {
        "schema_version": 1,
        "twinrun": run.twinrun,
        "ended": ended,
        "kind": "run",
        "status": run.verdict.upper(),
    }
    content |= {"exit_code": int(run.verdict != "agrees"), "sentence": sentence, "judged": "all that is made up"}
    content |= {"records": {place: hashlib.sha256(records[place]).hexdigest() for place in sorted(records)}, "runs": {}}
    content["digest"] = marker._own_digest(content)
    (folder / marker.MARKER).write_bytes(_json(content))
    _break(folder, run.broken)
    return folder


def write_catalogue(results: Path, count: int, broken: int = 0, seed: int = 0) -> list[MadeUp]:
    """Writes `count` runs an hour apart, `broken` of them damaged, and returns them in order of time.

    TensorFlow becomes 10 % slower with its version 2.21.0, in the second half; steps have a noise of 3 %.
    """
    rng = np.random.default_rng(seed)
    damaged = set(rng.choice(count, broken, replace=False)) if broken else set()
    runs = []
    for number in range(count):
        is_late = number >= count // 2
        slower = {"mindspore": 1.0, "tensorflow": 1.1 if is_late else 1.0}
        run = MadeUp(
            experiment=EXPERIMENTS[number % len(EXPERIMENTS)],
            created=BEGIN + timedelta(hours=number),
            verdict=str(rng.choice(["agrees", "agrees", "agrees", "diverges", "unverified"])),
            seed=number,
            versions={"mindspore": "2.10.0", "tensorflow": "2.21.0" if is_late else "2.20.0"},
            step_s={arm: 0.01 * slower[arm] * float(np.exp(rng.normal(0, 0.03))) for arm in ARMS},
            accuracy={arm: round(float(rng.normal(0.91, 0.004)), 4) for arm in ARMS},
            broken=BROKEN[number % len(BROKEN)] if number in damaged else "",
        )
        write_run(results, run)
        runs.append(run)
    return runs


def with_seeds(run: MadeUp, seeds: int) -> list[MadeUp]:
    """The run once for each seed, a minute apart."""
    return [replace(run, seed=n, created=run.created + timedelta(minutes=n)) for n in range(seeds)]


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content) + "\n").encode()


def _plan(run: MadeUp) -> dict[str, Any]:
    numbers = {"seed": run.seed, "epochs": 4, "steps": 16, "batch_size": 10, "parameters": 7850, "multiply_adds": 7840}
    return {"digest": f"{run.seed:016x}" + 48 * "0", **numbers, "data": "noise", "data_digest": "abc", "seeds": []}


@cache
def _experiment() -> dict[str, Any]:
    arms = [{"name": name, "adapter": name, "mode": mode} for name, mode in ARMS.items()]
    return Experiment.model_validate({**SMALL, "arms": arms}).model_dump(mode="json")


@cache
def _trace(arm: str) -> dict[str, Any]:
    trace = Trace(
        arm=Arm(name=arm, adapter=arm, mode=ARMS[arm]),
        finished=True,
        epochs=tuple(epoch(number, (1.0, 0.5)) for number in range(2)),
    )
    record = trace.model_dump(mode="json", exclude={"epochs", "learning_rates"})
    return {**record, "status": trace.status, "summary": trace.summary()}


def _trace_of(run: MadeUp, arm: str) -> dict[str, Any]:
    trace, step_s = _trace(arm), run.step_s[arm]
    version = run.versions[arm]
    environment = {"framework": arm, "version": version, "device": "cpu", "versions": {arm: version, "numpy": "1.26.4"}}
    told = {"version": version, "device": "cpu", "step_time_s": step_s, "samples_per_s": 10 / step_s}
    told |= {"test_accuracy": run.accuracy[arm], "compile_time_s": 0.5}
    return {**trace, "environment": environment, "summary": {**trace["summary"], **told}}


@cache
def _verdicts(verdict: str) -> bytes:
    rows = [
        Verdict(
            rung=rung,
            subject=f"{rung} logits",
            arm_a="mindspore",
            status="agrees" if rung == "model" else verdict,  # type: ignore[arg-type]
            worst_index="[3]",
            error_over_tolerance=0.25 if rung == "model" or verdict == "agrees" else 3.5,
            cause="" if verdict == "agrees" else "off",
        ).model_dump()
        for rung in ("model", "step")
    ]
    stream = io.BytesIO()
    pd.DataFrame(rows, columns=list(VERDICT_COLUMNS)).to_parquet(stream, index=False, write_page_checksum=True)
    return stream.getvalue()


def _break(folder: Path, how: str) -> None:
    """Damages the folder in one of the ways `BROKEN`."""
    trace, complete, verdicts = (
        folder / "arms/tensorflow/trace.json",
        folder / marker.MARKER,
        folder / "verdicts.parquet",
    )
    if how.startswith("cut"):
        path = {"cut trace": trace, "cut marker": complete, "cut verdicts": verdicts}[how]
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "no marker":
        complete.unlink()
    elif how == "changed plan":
        (folder / "plan.json").write_bytes((folder / "plan.json").read_bytes().replace(b'"noise"', b'"voice"'))
    elif how == "empty":
        for path in (*folder.glob("*.json"), *folder.glob("*.parquet"), *folder.glob("arms/*/*")):
            if path != complete:
                path.unlink()
