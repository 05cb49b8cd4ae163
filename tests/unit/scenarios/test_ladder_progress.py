"""What a climb reports while it goes on: each rung before its question, and how far the reference is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from in_process import InProcess, context_of

from harness.judging.context import REFERENCE
from harness.scenarios import ladder
from harness.system.progress import Work

STATED: dict[str, Any] = {
    "model": {
        "input": {"shape": [28, 28, 1]},
        "layers": ["flatten", {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"}],
    },
    "loss": "softmax_cross_entropy",
    "optimizer": "sgd",
    "schedule": {"kind": "constant", "rate": 0.1},
    "training": {"epochs": 1, "batch_size": 10, "max_steps": 4},
    "rungs": ["step", "trajectory"],
}


def test_every_rung_and_every_loop_of_the_reference_is_reported_to_its_end(tmp_path: Path) -> None:
    stages: list[str] = []
    reports: list[Work] = []
    context = replace(context_of(STATED, tmp_path, {"one": {}, "other": {}}), on_work=reports.append)
    workers: Any = [InProcess(arm, tmp_path) for arm in context.experiment.arms]
    ladder.climb(context, workers, lambda rung, verdicts: None, lambda name, failure: None, on_stage=stages.append)
    assert stages == ["step", "trajectory"]
    last = {(work.who, work.what): work for work in reports}
    assert all(work.is_ended for work in last.values())
    counts = {what: work.total for (who, what), work in last.items() if who == REFERENCE and work.total > 1}
    assert counts == {"teacher": 3, "teacher-forced steps": 3, "chaos envelope": 4}
