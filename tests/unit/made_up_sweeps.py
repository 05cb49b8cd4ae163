"""A sweep in a folder, with rows as jobs leave them, without any job that runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.composition.sweep.hydra_options import BASIC_LAUNCHER, BASIC_SWEEPER
from harness.records.sweep import Attempt, Job, Sweep
from harness.results.claim import claim
from harness.results.marker import Marker, complete
from harness.results.sweep_folder import begin_attempt, write_attempt, write_sweep

SENTENCES = {0: "AGREES: all", 1: "DIVERGES: at step 3", 3: "CRASHED: tensorflow: signal", 4: "UNVERIFIED: nothing"}


def job(number: int, **values: str) -> Job:
    stated = values or {"seed": str(number)}
    overrides = tuple(f"{key}={value}" for key, value in stated.items())
    digest = f"{number:016x}"
    return Job(number=number, overrides=overrides, values=stated, digest=digest, spec=digest, place=str(number))


def sweep(jobs: Sequence[Job], **fields: Any) -> Sweep:
    keys = tuple(dict.fromkeys(key for each in jobs for key in each.values))
    usual = {"launcher": {"_target_": BASIC_LAUNCHER}, "sweeper": {"_target_": BASIC_SWEEPER}}
    return Sweep(**{"verb": "check", "typed": (), "keys": keys, "jobs": tuple(jobs), **usual, **fields})


def written(folder: Path, jobs: Sequence[Job], **fields: Any) -> Sweep:
    """The sweep, in its folder, which is claimed."""
    claim(folder, "sweep")
    made = sweep(jobs, **fields)
    write_sweep(folder, made)
    return made


def ended(folder: Path, of: Job, code: int = 0, **fields: Any) -> Attempt:
    """The row of an attempt whose run is complete."""
    attempt = begin_attempt(folder, of)
    assert attempt is not None
    run = folder / attempt.folder
    claim(run, "check")
    complete(run, Marker.of("run", code, SENTENCES[code]))
    status = "crashed" if code == 3 else "done"
    stated = {"status": status, "exit_code": code, "sentence": SENTENCES[code], "wall_s": 1.5, **fields}
    row = Attempt.model_validate({**attempt.model_dump(), **stated})
    write_attempt(folder, row)
    return row


def failed(folder: Path, of: Job, status: str = "crashed", message: str = "its process killed by SIGSEGV") -> Attempt:
    """The row of an attempt that left no complete run."""
    attempt = begin_attempt(folder, of)
    assert attempt is not None
    row = Attempt.model_validate({**attempt.model_dump(), "status": status, "message": message})
    write_attempt(folder, row)
    return row


def numbers(**by_arm: float) -> Mapping[str, Any]:
    """Accuracies of arms, for a row."""
    return {"arms": {name: {"test_accuracy": value} for name, value in by_arm.items()}}
