"""Rung `step`: teacher-forced, so that a fault is local to one step and one phase.

At each step every arm takes the gradient at the teacher's weights (phase `gradient`), and every arm's optimizer is
fed the teacher's gradients (phase `update`). The teacher is the reference; its weights and gradients are rounded to
float32 once, and reach every arm, the reference included, as the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.protocol import Adapter
from adapters.reference.ensemble import disturbed
from harness.judging.checks import judge_checks
from harness.judging.context import Answer, Answers, Context
from harness.judging.ledger_excuses import propagated, words_within
from harness.judging.tolerances import RUNS, Tolerance, furthest, loss_error, own_error, pooled_error
from harness.oracles.oracle import Place, checks
from harness.oracles.reference import Reference
from harness.records.tensor_key import TensorKey, keyed, of_kind, only
from harness.records.verdict import Verdict
from harness.rungs.rung import OF_THE_MODEL, OF_THE_UPDATE, Question, Rung
from harness.rungs.tasks import TASKS
from harness.system.array_files import Arrays, load_arrays, save_arrays

NAME = "step"


@dataclass(frozen=True)
class Teacher:
    """`given`: what the arms get (float32). `expected`: what the reference makes of it (float64)."""

    given: Arrays
    expected: Arrays


def ask(context: Context) -> dict[str, Any]:
    path = context.scratch / "teacher.npz"
    teacher = teach(context)
    save_arrays(path, teacher.given)
    save_arrays(context.scratch / "expected.npz", teacher.expected)
    return {"teacher": str(path)}


def teach(context: Context) -> Teacher:
    """The teacher walks its own way, one step of the reference after another."""
    e, plan = context.experiment, context.plan
    batches = context.batches(min(e.comparison.forced_steps, plan.steps))
    given: Arrays = {}
    expected: Arrays = {}
    trainer = context.trainer(context.oracle, horizon=len(batches))
    weights = _rounded(plan.weights)
    fed: list[Any] = []  # the optimizer is replayed from the start each time: forced steps are few
    for k, batch in enumerate(batches):
        given |= keyed("weight", weights, k)
        trainer.set_weights(weights)
        loss, gradients = trainer.loss_and_gradients(*context.samples(batch), batch.noise)
        loss_key = TensorKey("loss", step=k)
        given[loss_key] = expected[loss_key] = np.array([loss])
        expected |= keyed("gradient", gradients, k)
        fed.append(_rounded(gradients))
        given |= keyed("gradient", fed[-1], k)
        kept = {name: value for name, value in trainer.weights().items() if name not in gradients}
        expected |= keyed("state", kept, k)
        start = {name: value for name, value in _rounded(plan.weights).items() if name in gradients}
        *_, moved = context.oracle.optimizer(e.update, start, fed)
        expected |= keyed("weight", moved, k + 1)
        weights = _rounded({**moved, **kept})
    return Teacher(given, expected)


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    given = load_arrays(context.scratch / "teacher.npz")
    # Of a changed spec the reference is a pupil too: the questions were put by the teacher of the stated one.
    changed = context.experiment != context.stated
    expected = _pupil(context, context.oracle, given) if changed else load_arrays(context.scratch / "expected.npz")
    tolerances = {name: _tolerances(context, answer, given, expected) for name, answer in answers.items()}
    words = list(words_within(context.experiment.recipe))
    known = {
        name: propagated(context, answer.arm, words, lambda: _pupil(context, context.oracle, given))
        for name, answer in answers.items()
    }

    keys = sorted(map(TensorKey.parse, expected), key=lambda key: key.kind == "weight")  # the updates after the rest
    places: dict[str, Place] = {key: _place(key) for key in keys}
    oracle = Reference(expected, tolerances, {name: effect.excuse for name, effect in known.items()})
    return judge_checks(checks(NAME, oracle, answers, places))


def _place(key: TensorKey) -> Place:
    phase = "update" if key.kind == "weight" else "gradient"
    tensor, step = key.of or key.kind, _step(key)
    return Place(phase, phase, step, key.layer, tensor, lambda index: f"step {step}, {tensor}{list(index)}")


def _tolerances(context: Context, answer: Answer, given: Arrays, expected: Arrays) -> dict[str, Tolerance]:
    adapter = context.in_float32(answer.arm)
    own = context.once((NAME, adapter.arm.realisation), lambda: _in_float32(context, adapter, given, expected))
    precision = answer.precision
    by_kind = {kind: only(expected, kind) for kind in ("loss", "gradient", "state", "weight")}
    # The first batch's samples say nothing of weights that have moved: of the steps, too, the worst counts for all.
    off = [float(np.max(np.abs(own[name] - expected[name]))) for name in by_kind["loss"]]
    sample_error = max(context.sample_loss_error, *off)
    return {
        **{name: loss_error(expected[name], sample_error, precision) for name in by_kind["loss"]},
        **pooled_error({name: expected[name] for name in by_kind["gradient"]}, own, precision),
        **{key: own_error(expected[key], own[key], precision, size=_spread(expected, key)) for key in by_kind["state"]},
        **{
            key: own_error(expected[key], own[key], precision, size=_size(given, expected, key))
            for key in map(TensorKey.parse, by_kind["weight"])
        },
    }


def _spread(expected: Arrays, name: str) -> Any:
    """Of a mean that a layer keeps, the standard deviation beside it: numbers of that size were added up to it."""
    variance = expected.get(name.replace("moving_mean", "moving_variance")) if name.endswith("moving_mean") else None
    return 0.0 if variance is None else np.sqrt(variance)


def _size(given: Arrays, expected: Arrays, key: TensorKey) -> Any:
    """How large each weight was up to this update, which took place in sums of that size."""
    assert key.step is not None
    start = given[TensorKey("weight", key.of, 0)]
    after = [expected[TensorKey("weight", key.of, k)] for k in range(1, key.step + 1)]
    return np.max(np.abs([start, *after]), axis=0)


def _in_float32(context: Context, adapter: Adapter, given: Arrays, expected: Arrays) -> Arrays:
    weights = only(given, "weight")
    moved = ({**given, **disturbed(weights, seed)} for seed in range(RUNS))
    return furthest(expected, [_pupil(context, adapter, each) for each in moved])


def _pupil(context: Context, adapter: Adapter, given: Arrays) -> Arrays:
    """The reference, taught as the arms are."""
    e, names = context.experiment, list(context.plan.weights)
    trainable = [p.name for p in e.model.parameters() if p.trainable]
    steps = len(only(given, "loss"))
    trainer = context.trainer(adapter, horizon=steps)
    found: Arrays = {}
    for k, batch in enumerate(context.batches(steps)):
        trainer.set_weights(of_kind(given, "weight", k))
        loss, gradients = trainer.loss_and_gradients(*context.samples(batch, adapter.arm.precision), batch.noise)
        found[TensorKey("loss", step=k)] = np.array([loss])
        found |= keyed("gradient", gradients, k)
        after = trainer.weights()
        found |= keyed("state", {name: after[name] for name in names if name not in trainable}, k)
    fed = [of_kind(given, "gradient", k) for k in range(steps)]
    first = of_kind(given, "weight", 0)
    start = {name: first[name] for name in trainable}
    for k, weights in enumerate(adapter.optimizer(e.update, start, fed)):
        found |= keyed("weight", weights, k + 1)
    return found


def _rounded(arrays: Any) -> dict[str, Any]:
    return {name: value.astype(np.float32) for name, value in arrays.items()}


def _step(key: TensorKey) -> int:
    """The update that a tensor belongs to: the weights after it are numbered by the next."""
    assert key.step is not None
    return key.step - (key.kind == "weight")


RUNG = Rung(NAME, Question(ask, judge_answers, TASKS[NAME], {"gradient": OF_THE_MODEL, "update": OF_THE_UPDATE}))
