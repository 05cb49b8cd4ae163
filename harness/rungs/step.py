"""Rung `step`: teacher-forced steps, so that a fault shows only in its own step and phase.

At each step every arm computes the gradient at the teacher's weights (phase `gradient`), and every arm's optimizer gets
the teacher's gradients (phase `update`). What is kept beside the optimizer is compared after the last step. The teacher
is the reference; its weights and gradients are rounded to float32 once, and all arms, the reference included, get the
same bytes. A gradient below the normal numbers is given as 0: both frameworks take it for 0, and a rule that looks at
its sign only would move the weight by a whole step or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from adapters.protocol import Adapter
from adapters.reference.ensemble import disturbed
from harness.judging.arithmetic import Arithmetic
from harness.judging.cases import slots_beside
from harness.judging.checks import judge_checks
from harness.judging.context import Answer, Answers, Context
from harness.judging.ledger_excuses import propagated
from harness.judging.overflow import noticed_overflows
from harness.judging.remainders import InFloat32, in_float32
from harness.judging.tolerances import Tolerance, float32_runs, loss_error, own_error, pooled_error
from harness.oracles.oracle import Place, checks
from harness.oracles.reference import Reference
from harness.records.array_types import Array, FloatArray
from harness.records.tensor_key import TensorKey, keyed, of_kind, only
from harness.records.verdict import Verdict
from harness.rungs.rung import OF_THE_MODEL, OF_THE_UPDATE, Question, Rung
from harness.rungs.tasks import TASKS
from harness.rungs.update_tolerances import of_updates
from harness.spec.loss_scale import DynamicLossScale
from harness.spec.words_within import words_within
from harness.system.array_files import Arrays, load_arrays, save_arrays

NAME = "step"
OF_UPDATES = ("weight", "slot")
EXPLODED = 1000.0  # a loss that is so many times larger says nothing about the error of another


@dataclass(frozen=True)
class Teacher:
    """`inputs`: what the arms get (float32). `expected`: what the reference computes from it (float64)."""

    inputs: Arrays
    expected: Arrays


def ask(context: Context) -> dict[str, Any]:
    """The file of the teacher's weights and gradients; the expected results are saved beside it."""
    path = context.scratch / "teacher.npz"
    teacher = teach(context)
    save_arrays(path, teacher.inputs)
    save_arrays(context.scratch / "expected.npz", teacher.expected)
    whole, part = len(context.batches(1)[0].samples), len(context.forced_batches[0].samples)
    # Only a reduced question says so, so that the digests of recorded questions stay the same.
    return {"teacher": str(path), **({"samples": part} if part < whole else {})}


def teach(context: Context) -> Teacher:
    """The teacher's steps: the reference updates its weights by its own gradients, both rounded to float32."""
    e, plan = context.experiment, context.plan
    steps = len(context.forced_batches)
    inputs: Arrays = {}
    expected: Arrays = {}
    trainer = context.trainer(context.oracle, horizon=steps)
    weights = _rounded(plan.weights)
    past_gradients: list[Any] = []  # each step replays the optimizer from the start, since forced steps are few
    for k, batch in enumerate(context.forced("teacher")):
        inputs |= keyed("weight", weights, k)
        trainer.set_weights(weights)
        loss, gradients = trainer.loss_and_gradients(*context.samples(batch), batch.noise)
        loss_key = TensorKey("loss", step=k)
        inputs[loss_key] = expected[loss_key] = np.array([loss])
        expected |= keyed("gradient", gradients, k)
        past_gradients.append({name: _flushed(value) for name, value in _rounded(gradients).items()})
        inputs |= keyed("gradient", past_gradients[-1], k)
        state = {name: value for name, value in trainer.weights().items() if name not in gradients}
        expected |= keyed("state", state, k)
        start = {name: value for name, value in _rounded(plan.weights).items() if name in gradients}
        *_, updated = context.oracle.optimizer(e.update, start, past_gradients)
        expected |= keyed("weight", updated, k + 1)
        weights = _rounded({**updated, **state})
    return Teacher(inputs, expected | slots_beside(context.oracle, e.update, start, past_gradients))


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    """The verdicts on the losses, gradients and states of all steps, then on the updated weights.

    A tensor in whose computation the reference overflows in float32, in any of its runs, is left out: no value of it is
    right or wrong.
    """
    inputs = load_arrays(context.scratch / "teacher.npz")
    # The teacher follows the stated spec. With a changed spec the reference computes from its inputs, like an arm.
    if context.experiment != context.stated:
        expected = _forced_steps(context, context.oracle, inputs)
    else:
        expected = load_arrays(context.scratch / "expected.npz")
    runs = {name: _runs(context, answer, inputs, expected) for name, answer in answers.items()}
    overflowing = {
        name for run in runs.values() for name in run.values if not all(np.isfinite(v).all() for v in run.of(name))
    }
    expected = {name: values for name, values in expected.items() if name not in overflowing}
    tolerances = {name: _tolerances(context, answer, inputs, expected) for name, answer in answers.items()}
    words = list(words_within(context.experiment.recipe))
    effects = {
        name: propagated(context, answer.arm, words, lambda: _forced_steps(context, context.oracle, inputs))
        for name, answer in answers.items()
    }

    keys = sorted(map(TensorKey.parse, expected), key=lambda key: key.kind in OF_UPDATES)  # they come last
    places: dict[str, Place] = {key: _place(key) for key in keys}
    oracle = Reference(expected, tolerances, {name: effect.excuse for name, effect in effects.items()})
    return judge_checks(checks(NAME, oracle, answers, places))


def _place(key: TensorKey) -> Place:
    phase = "update" if key.kind in OF_UPDATES else "gradient"
    tensor, step = key.of or key.kind, _step(key)
    layer = TensorKey.parse(key.of).layer if key.kind == "slot" else key.layer
    return Place(phase, phase, step, layer, tensor, lambda index: f"step {step}, {tensor}{list(index)}")


def _tolerances(context: Context, answer: Answer, inputs: Arrays, expected: Arrays) -> dict[str, Tolerance]:
    runs = _runs(context, answer, inputs, expected)
    rounded, precision = runs.values, answer.arithmetic
    in_updates = Arithmetic.of_dtype(answer.precision)
    by_kind = {kind: only(expected, kind) for kind in ("loss", "gradient", "state", "weight", "slot")}
    loss_errors = {name: float(np.abs(rounded[name] - exact)[0]) for name, exact in by_kind["loss"].items()}

    def sample_error(loss: FloatArray) -> float:
        # The error in a sample's loss is known for the initial weights only, so the largest error of any step counts
        # too; but not that of a step at which the training has exploded.
        alike = [loss_errors[name] for name, other in by_kind["loss"].items() if abs(other) <= EXPLODED * abs(loss)]
        return max([context.sample_loss_error(answer.arm), *alike])

    tolerances: dict[str, Tolerance] = {
        **{name: loss_error(exact, sample_error(exact), precision) for name, exact in by_kind["loss"].items()},
        **pooled_error({name: expected[name] for name in by_kind["gradient"]}, rounded, precision),
        **{
            name: own_error(expected[name], rounded[name], precision, size=_deviation(expected, name))
            for name in by_kind["state"]
        },
        **pooled_error(by_kind["slot"], rounded, in_updates),
        **of_updates(context.experiment.update, inputs, expected, rounded, in_updates),
    }
    return runs.floored(tolerances, expected, precision)


def _runs(context: Context, answer: Answer, inputs: Arrays, expected: Arrays) -> InFloat32:
    """The reference's float32 runs for this arm, cached; the first call gets all that is expected."""
    adapter = context.in_float32(answer.arm)
    return context.once((NAME, adapter.arm.arithmetic), lambda: _in_float32(context, adapter, inputs, expected))


def _deviation(expected: Arrays, name: str) -> Any:
    """For a layer's moving mean, the standard deviation, which is the size of the terms of the mean; 0 otherwise."""
    variance = expected.get(name.replace("moving_mean", "moving_variance")) if name.endswith("moving_mean") else None
    return 0.0 if variance is None else np.sqrt(variance)


def _in_float32(context: Context, adapter: Adapter, inputs: Arrays, expected: Arrays) -> InFloat32:
    """Several float32 runs, from weights moved by a unit in the last place."""
    weights = only(inputs, "weight")
    runs = float32_runs(context.experiment.model.multiply_adds * len(context.forced_batches[0].samples))
    disturbed_inputs = ({**inputs, **disturbed(weights, seed)} for seed in range(runs))
    return in_float32(expected, (partial(_forced_steps, context, adapter, variant) for variant in disturbed_inputs))


def _forced_steps(context: Context, adapter: Adapter, inputs: Arrays) -> Arrays:
    """The reference's results of teacher-forced steps, computed as every arm computes them: see `tasks.step`."""
    e = context.experiment
    kept = [p.name for p in e.model.parameters() if not p.trainable]
    steps = len(only(inputs, "loss"))
    trainer = context.trainer(adapter, horizon=steps)
    results: Arrays = {}
    for k, batch in enumerate(context.forced("teacher-forced steps")):
        given = of_kind(inputs, "weight", k)
        trainer.set_weights(given)
        with noticed_overflows() as overflows:
            loss, gradients = trainer.loss_and_gradients(
                *context.samples(batch, adapter.arm.variable_dtype), batch.noise
            )
        after = trainer.weights()
        state = {name: after[name] for name in kept}
        # How far NaN spreads from an overflow depends on the kernels (0 times infinity): nothing here is a measure. A
        # rule for the loss scale lowers it until nothing overflows.
        overflowed = _is_not_finite(gradients) if isinstance(adapter.arm.loss_scale, DynamicLossScale) else overflows
        if overflowed or _is_not_finite(given):
            loss, gradients, state = np.nan, _nowhere(gradients), _nowhere(state)
        results[TensorKey("loss", step=k)] = np.array([loss])
        results |= keyed("gradient", gradients, k) | keyed("state", state, k)
    gradients_by_step = [of_kind(inputs, "gradient", k) for k in range(steps)]
    first = of_kind(inputs, "weight", 0)
    start = {name: first[name] for name in gradients_by_step[0]}
    with noticed_overflows() as overflows:
        for k, weights in enumerate(adapter.optimizer(e.update, start, gradients_by_step)):
            results |= keyed("weight", _nowhere(weights) if overflows else weights, k + 1)
        slots = slots_beside(adapter, e.update, start, gradients_by_step)
    # What is kept beside weights that are lost is lost with them, whether or not it has taken from them yet.
    lost = overflows or _is_not_finite(weights)
    return results | (_nowhere(slots) if lost else slots)


def _is_not_finite(arrays: Arrays) -> bool:
    return not all(np.isfinite(values).all() for values in arrays.values())


def _nowhere(arrays: Arrays) -> Arrays:
    return {name: np.full_like(value, np.nan) for name, value in arrays.items()}


def _rounded(arrays: Any) -> dict[str, Any]:
    return {name: value.astype(np.float32) for name, value in arrays.items()}


def _flushed(values: Array) -> Array:
    """The float32 values, with 0 for those that are smaller than a normal number."""
    return np.where(np.abs(values) < np.finfo(np.float32).tiny, np.float32(0), values)


def _step(key: TensorKey) -> int:
    """The step that a tensor belongs to; the key of what an update leaves has the number of the next step."""
    assert key.step is not None
    return key.step - (key.kind in OF_UPDATES)


RUNG = Rung(NAME, Question(ask, judge_answers, TASKS[NAME], {"gradient": OF_THE_MODEL, "update": OF_THE_UPDATE}))
