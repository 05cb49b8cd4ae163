"""One small experiment, what both frameworks answer about it, and answers altered in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from residents import Resident

from harness.data import load
from harness.judging.context import Answer, Answers, Context
from harness.plan import draw_plan
from harness.records.verdict import Verdict
from harness.rungs import registry
from harness.spec.experiment import Experiment
from harness.worker.sharing import share

ARMS = ("mindspore", "tensorflow")
# The second kernel is square, so that its transpose has its shape. The rate changes at every step, so that no two
# steps can be mistaken for one another; the gradients differ in size, so that no two tensors can.
EXPERIMENT = Experiment.model_validate(
    {
        "name": "rungs",
        "seed": 5,
        "data": "mnist5k",
        "model": {
            "input": {"shape": [28, 28, 1]},
            "layers": [
                "flatten",
                {"kind": "dense", "units": 16, "activation": "sigmoid", "kernel_initializer": "xavier_uniform"},
                {"kind": "dense", "units": 16, "activation": "relu", "kernel_initializer": "he_normal"},
                {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"},
            ],
        },
        "loss": "softmax_cross_entropy",
        "optimizer": {"kind": "momentum", "momentum": 0.9, "form": "rate_outside"},
        "schedule": {"kind": "inverse_time", "initial_rate": 0.1, "decay_rate": 0.5, "decay_steps": 10},
        "training": {"epochs": 3, "batch_size": 32},
        "comparison": {"forced_steps": 4},
        "arms": [
            {"name": "mindspore", "adapter": "mindspore", "mode": "jit"},
            {"name": "tensorflow", "adapter": "tensorflow", "mode": "graph"},
        ],
    }
)
BY_NAME = registry.questions()


@dataclass(frozen=True)
class Climbed:
    """The context of a climb, and by rung what each arm answered."""

    context: Context
    answers: Mapping[str, Answers]

    def judge(self, rung: str, answers: Answers | None = None) -> list[Verdict]:
        """What the rung says of these answers, or of the true ones."""
        return BY_NAME[rung].judge(self.context, self.answers[rung] if answers is None else answers)

    def altered(self, rung: str, arm: str, **arrays: Any) -> Answers:
        """The rung's answers with some of one arm's arrays replaced."""
        answers = dict(self.answers[rung])
        answer = answers[arm]
        assert arrays.keys() <= answer.arrays.keys()
        answers[arm] = replace(answer, arrays={**answer.arrays, **arrays})
        return answers

    def without(self, rung: str, arm: str, name: str) -> Answers:
        """The rung's answers with one of one arm's arrays left out."""
        answers = dict(self.answers[rung])
        answer = answers[arm]
        answers[arm] = replace(answer, arrays={key: value for key, value in answer.arrays.items() if key != name})
        assert len(answers[arm].arrays) == len(answer.arrays) - 1
        return answers

    def restated(self, rung: str, arm: str, **fields: Any) -> Answers:
        """The rung's answers with some of one arm's plain results replaced."""
        answers = dict(self.answers[rung])
        answer: Answer = answers[arm]
        assert fields.keys() <= answer.result.keys()
        answers[arm] = replace(answer, result={**answer.result, **fields})
        return answers


def climb(start: Callable[..., dict[str, Resident]], scratch: Path) -> Climbed:
    """Asks both frameworks all questions."""
    data = load(EXPERIMENT.data)
    context = Context(EXPERIMENT, draw_plan(EXPERIMENT, len(data.x_train)), data, scratch)
    share(scratch, EXPERIMENT, context.plan, data)
    payloads = {name: question.ask(context) for name, question in BY_NAME.items()}

    def ask(resident: Resident) -> dict[str, Answer]:
        return {
            name: Answer(resident.arm, *resident.ask(BY_NAME[name].task, **payload))
            for name, payload in payloads.items()
        }

    workers = start(list(EXPERIMENT.arms), scratch)
    with ThreadPoolExecutor(len(workers)) as pool:
        found = dict(zip(workers, pool.map(ask, workers.values()), strict=True))
    return Climbed(context, {rung: {arm: found[arm][rung] for arm in ARMS} for rung in payloads})


def scaled_at(array: Any, index: tuple[int, ...], factor: float) -> Any:
    """A copy with one element multiplied."""
    copy = np.array(array)
    copy[index] *= factor
    return copy


def largest(array: Any) -> tuple[int, ...]:
    """Where the largest element is."""
    return tuple(int(i) for i in np.unravel_index(np.argmax(np.abs(array)), np.shape(array)))


def diverging(verdicts: list[Verdict]) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.status != "agrees"]
