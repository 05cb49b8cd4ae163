"""Records of trainings that never ran: their epochs, failures, traces and verdicts."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness.plan import draw_plan
from harness.records.failure import Failure
from harness.records.trace import EpochRecord, Trace
from harness.records.verdict import Verdict
from harness.results.store import Store
from harness.spec import Arm, Experiment

FAILED_AS = {"crashed": "timeout", "unverified": "missing_device"}
FAILED_AS |= {status: status for status in ("unsupported", "interrupted")}


NOISE: Any = SimpleNamespace(source="noise", digest="abc", x_train=[0] * 40, x_test=[0] * 10)
MODES = {"reference": "numpy", "tensorflow": "graph"}


def arm(name: str, precision: Any = "float32", adapter: str = "reference") -> Arm:
    return Arm(name=name, adapter=adapter, mode=MODES[adapter], precision=precision)


def failure(status: str) -> Failure:
    return Failure(symptom=FAILED_AS[status], stage="training", message="as it happened")


def epoch(number: int, losses: Any, accuracy: float = 0.5, scored: int = 1000, time_s: float = 2.0) -> EpochRecord:
    return EpochRecord(
        epoch=number,
        losses=tuple(losses),
        epoch_time_s=time_s,
        samples=10 * len(losses),
        test_loss=0.7,
        test_accuracy=accuracy,
        samples_scored=scored,
        peak_rss_bytes=1000 + number,
    )


def trace(name: str = "one", status: str = "complete", accuracy: float = 0.5, epochs: int = 1, **changed: Any) -> Trace:
    failed = failure(status) if status in FAILED_AS else None
    records = tuple(epoch(number, (1.0, 0.5), accuracy, **changed) for number in range(epochs))
    return Trace(arm=arm(name, adapter="tensorflow"), failure=failed, finished=status == "complete", epochs=records)


def laid_out(folder: Path, experiment: Experiment) -> Store:
    """The folder of a run that has begun."""
    folder.mkdir()
    store = Store(folder)
    store.write_inputs(experiment, draw_plan(experiment, 40), NOISE)
    return store


def verdict(status: str = "agrees", rung: str = "model") -> Verdict:
    said = {"subject": "logits", "arm_a": "one", "arm_b": "other", "worst_index": "[3]", "cause": "off"}
    return Verdict(rung=rung, status=status, **said)
