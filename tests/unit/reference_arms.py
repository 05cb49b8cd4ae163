"""Arms of the reference, asked in this process as a worker is: what they answer to a rung, and how it judges that."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import adapters
from harness.arrays import load_arrays
from harness.data import Dataset, load
from harness.parity.context import Answer, Answers, Context
from harness.parity.ladder import RUNGS, Rung
from harness.plan import draw_plan
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.worker.session import Session
from harness.worker.tasks import TASKS

loaded = cache(load)  # reading the digits takes longer than most tests
BY_NAME = {rung.name: rung for rung in RUNGS}


def arm(name: str, **fields: Any) -> Arm:
    return Arm(**{"name": name, "adapter": "reference", "mode": "numpy", "precision": "float32", **fields})


def laid_out(experiment: Experiment, scratch: Path, data: Dataset | None = None) -> Context:
    """The context of an experiment, and its inputs in `scratch` as workers find them."""
    data = data or loaded(experiment.data)
    context = Context(experiment, draw_plan(experiment, len(data.x_train)), data, scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / "experiment.json").write_text(experiment.model_dump_json())
    context.plan.save(scratch / "plan.npz")
    for part in ("x_train", "y_train", "x_test", "y_test"):
        np.save(scratch / f"{part}.npy", getattr(data, part))
    return context


def asked(context: Context, arms: Mapping[str, Session], task: str, payload: Mapping[str, Any]) -> dict[str, Answer]:
    answers = {}
    for name, session in arms.items():
        result = TASKS[task](session, scratch=str(context.scratch), **payload)
        path = result.pop("arrays", None)
        answers[name] = Answer(session.adapter.arm, result, load_arrays(Path(path)) if path else {})
    return answers


def sessions(context: Context) -> dict[str, Session]:
    return {each.name: Session(adapters.load(each), lambda *_, **__: None) for each in context.experiment.arms}


def answers_to(context: Context, rung: str) -> tuple[Rung, Answers]:
    found = BY_NAME[rung]
    return found, asked(context, sessions(context), found.task, found.ask(context))
