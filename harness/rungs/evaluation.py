"""Rung `evaluation`: an arm's results on the test set, compared with those of the reference at its final weights.

The float64 reference takes the recorded final weights and the test set as loaded, and computes the outputs of every
sample. From these follow the test loss, the accuracy and every predicted class, each with a tolerance. So an arm that
scores other samples, with other weights or by another formula diverges without a second arm to compare it with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from adapters.protocol import Adapter, Parameters
from adapters.reference.losses import per_sample
from harness.judging.arithmetic import Arithmetic
from harness.judging.checks import Check, judge_checks, uncertified
from harness.judging.context import Context
from harness.judging.ledger_excuses import propagated
from harness.judging.overflow import noticed_overflows
from harness.judging.remainders import InFloat32, one_run
from harness.judging.tolerances import FLOOR_ULP, Tolerance, loss_error, own_error
from harness.oracles.oracle import ArmValues, Place, checks
from harness.oracles.reference import Reference
from harness.plan import digest_arrays
from harness.records.array_types import FloatArray
from harness.records.tensor_key import of_kind
from harness.records.trace import EpochRecord, Trace
from harness.records.verdict import Verdict
from harness.rungs.checkpoints import in_words, kept_epochs
from harness.rungs.rung import Rung, Trainings
from harness.spec.arm import Arm
from harness.spec.words_within import words_within
from harness.system.array_files import Arrays
from harness.worker.predicting import of_outputs

NAME = "evaluation"
# What is judged: fields of the last epoch's record, and arrays of the recorded predictions.
LOSS, ACCURACY, SCORED, LABELS, MARGINS = "test_loss", "test_accuracy", "samples_scored", "label", "margin"
OUTPUTS, LOSSES, OVERFLOWS = "outputs", "losses", "overflows"
AFTER = " after "
PART = 1000  # samples at a time
MOST_MULTIPLY_ADDS = 2e10  # of one scoring of all checkpoints
ROUNDING = FLOOR_ULP * float(np.finfo(np.float64).eps)  # of an accuracy, a quotient of whole numbers of at most 1


def judge_trainings(trainings: Trainings) -> list[Verdict]:
    """A verdict on each arm that finished. If classes are predicted, an arm must have recorded its predictions."""
    verdicts = []
    for trace in trainings.traces:
        name = trace.arm.name
        if trace.failure is not None or not trace.finished:
            continue
        weights, predictions = trainings.weights.get(name, {}), trainings.predictions.get(name, {})
        if trainings.context.experiment.data.classes is not None and not predictions:
            verdicts.append(_unverified(trace, f"{name} has not recorded its predictions"))
        verdicts += judge_arm(trainings.context, trace, weights, predictions)
        verdicts += judge_checkpoints(trainings.context, trace, trainings.checkpoints.get(name, {}))
    return verdicts


def judge_checkpoints(context: Context, trace: Trace, checkpoints: Arrays) -> list[Verdict]:
    """The verdict on the scores after the epochs of which there are checkpoints; none if scoring them is too much.

    `checkpoints`: see `harness.rungs.checkpoints`.
    """
    epochs = kept_epochs(checkpoints)
    count = len(context.data.x_test)
    if context.experiment.model.multiply_adds * count * len(epochs) > MOST_MULTIPLY_ADDS:
        return []
    subject = f"test set, {count:,} samples{AFTER}{in_words(epochs)}"
    records = {record.epoch: record for record in trace.epochs}
    judged: list[Check] = []
    for epoch in epochs:
        if epoch in records:
            judged += _checks(context, trace.arm, records[epoch], _scored_at(context, checkpoints, epoch), {}, subject)
    return judge_checks(judged)


def _scored_at(context: Context, checkpoints: Arrays, epoch: int) -> Arrays:
    """The weights that the model was scored with after an epoch, by the checkpoint."""
    weights, slots = (of_kind(checkpoints, kind, epoch) for kind in ("weight", "slot"))
    return context.experiment.averaging.scored(weights, slots)


def judge_arm(context: Context, trace: Trace, weights: Parameters, predictions: Arrays) -> list[Verdict]:
    """The verdict on the last epoch's scores of one arm, and on its predictions, by its recorded final weights.

    `weights`: by parameter. `predictions`: `label` and `margin` of every test sample, (N,) each; empty if the arm has
    recorded none.
    """
    if not trace.epochs or not weights:
        return [
            _unverified(trace, f"{trace.arm.name} has not recorded {'an epoch' if weights else 'its final weights'}")
        ]
    if not are_of_the_model(context, weights):
        return [_unverified(trace, f"the final weights of {trace.arm.name} are not of the model's names and shapes")]
    subject = f"test set, {len(context.data.x_test):,} samples, from the final weights"
    return judge_checks(_checks(context, trace.arm, trace.epochs[-1], weights, predictions, subject))


def are_of_the_model(context: Context, weights: Parameters) -> bool:
    """Whether weights have the names and shapes of the model's parameters."""
    shapes = {parameter.name: parameter.shape for parameter in context.experiment.model.parameters()}
    return {name: np.shape(value) for name, value in weights.items()} == shapes


def expected_accuracy(context: Context, arm: Arm, weights: Parameters) -> tuple[float, float]:
    """The reference's accuracy at these weights of the model, and how far that of an arm may be off; of classes."""
    expected = _expected(context, arm, weights)
    return float(expected.values[ACCURACY][0]), float(expected.tolerances[ACCURACY].bound)


def is_scored_right(trainings: Trainings, trace: Trace, record: EpochRecord) -> bool:
    """Whether the scores after an epoch are the reference's at the arm's weights then, or these were not kept."""
    context, name = trainings.context, trace.arm.name
    is_last = record.epoch == trace.epochs[-1].epoch
    states = trainings.checkpoints.get(name, {})
    weights = trainings.weights.get(name, {}) if is_last else _scored_at(context, states, record.epoch)
    if not are_of_the_model(context, weights):
        return True
    with uncertified():
        verdicts = judge_checks(_checks(context, trace.arm, record, weights, {}, ""))
    return all(verdict.status != "diverges" for verdict in verdicts)


def _checks(
    context: Context, arm: Arm, record: EpochRecord, weights: Parameters, predictions: Arrays, subject: str
) -> list[Check]:
    """The checks of one epoch's scores, and of the predictions if there are any, by the weights after that epoch.

    What the ledger excuses is computed only where the scores need an excuse, since the test set has to be scored again
    for each of its entries.
    """
    checks = _checked(context, arm, record, weights, predictions, subject, is_excused=False)
    with uncertified():
        needs_excuse = any(verdict.status == "diverges" for verdict in judge_checks(checks))
    if not needs_excuse:
        return checks
    return _checked(context, arm, record, weights, predictions, subject, is_excused=True)


def _checked(
    context: Context,
    arm: Arm,
    record: EpochRecord,
    weights: Parameters,
    predictions: Arrays,
    subject: str,
    is_excused: bool,
) -> list[Check]:
    expected = _expected(context, arm, weights, is_excused)
    claims = _claims(record, predictions, expected)
    oracle = Reference(expected.values, {arm.name: expected.tolerances})
    recorded = [name for name in expected.values if name not in (LABELS, MARGINS) or predictions]
    before = f"epoch {record.epoch}, " if AFTER in subject else ""
    places = {name: Place(subject, "evaluation", name_index=expected.index_name(name, before)) for name in recorded}
    return checks(NAME, oracle, {arm.name: ArmValues(arm, claims)}, places)


def _unverified(trace: Trace, cause: str) -> Verdict:
    return Verdict(rung=NAME, subject="test set", arm_a=trace.arm.name, status="unverified", cause=cause)


@dataclass(frozen=True)
class _Expected:
    """The reference's results at the final weights. `values`, `tolerances`: by the name in the record.

    `decided`: (N,), whether rounding cannot change the class of a sample; empty if the model predicts values.
    """

    values: Mapping[str, FloatArray]
    tolerances: Mapping[str, Tolerance]
    decided: Any

    def index_name(self, name: str, before: str) -> Any:
        """The function that names an element by its index: the test sample for arrays of predictions.

        `before`: what its names begin with.
        """
        samples = np.flatnonzero(self.decided)
        if name in (LABELS, MARGINS):
            return lambda index: f"{before}test sample {samples[index[0]]}, {name}"
        return lambda index: f"{before}{name}"


def _claims(record: EpochRecord, predictions: Arrays, expected: _Expected) -> dict[str, FloatArray]:
    claims = {LOSS: np.array([record.test_loss]), SCORED: np.array([float(record.samples_scored)])}
    if record.test_accuracy is not None:
        claims[ACCURACY] = np.array([record.test_accuracy])
    for name, values in predictions.items():
        is_whole = np.shape(values) == np.shape(expected.decided)
        claims[name] = np.asarray(values[expected.decided] if is_whole else values, np.float64)
    return claims


def _expected(context: Context, arm: Arm, weights: Parameters, is_excused: bool = True) -> _Expected:
    """`is_excused`: whether the tolerances are wider by what the ledger knows of the arm."""
    digest = digest_arrays(weights)  # two recorded runs often end with equal weights

    def scored_by(adapter: Adapter) -> InFloat32:
        key = NAME, digest, adapter.arm.arithmetic

        def scored() -> Arrays:
            with noticed_overflows() as overflows:
                arrays = _scored(context, adapter, weights).arrays()
            return {**arrays, OVERFLOWS: np.array(len(overflows))}

        return context.once(key, lambda: one_run(scored))

    run = scored_by(context.in_float32(arm))
    exact, in_float32 = (_Scored.of(arrays) for arrays in (scored_by(context.oracle).values, run.values))
    precision, count = Arithmetic.of(arm), len(exact.losses)
    sample_error = max(float(np.max(np.abs(exact.losses - each), initial=0.0)) for each in run.of(LOSSES))
    ordinary = {
        OUTPUTS: own_error(exact.outputs, in_float32.outputs, precision),
        LOSS: loss_error(exact.loss, sample_error, precision),
    }
    floored = run.floored(ordinary, exact.arrays(), precision)
    tolerances = _widened(context, arm, weights, floored) if is_excused else dict(floored)
    tolerances[SCORED] = Tolerance(np.zeros(()), "the size of the test set")
    values = {SCORED: np.array([float(count)])}
    # If float32 overflows, no loss is right or wrong, also where a function that saturates hides it from the outputs.
    overflows = any(each > 0 for each in run.of(OVERFLOWS))
    if not overflows and np.isfinite([exact.loss, in_float32.loss]).all():
        values[LOSS] = exact.loss
    if context.experiment.data.classes is None:
        return _Expected(values, tolerances, np.zeros(0, bool))
    # Each output may be off by its bound: a class is decided where the two largest are further apart than twice that.
    bound = 2 * np.max(np.broadcast_to(tolerances[OUTPUTS].bound, exact.outputs.shape), axis=-1)
    finite = np.isfinite(exact.outputs).all(axis=-1) & np.isfinite(in_float32.outputs).all(axis=-1)
    predicted = of_outputs(exact.outputs)
    decided = (not overflows) & finite & (predicted[MARGINS] > bound)
    ties = np.count_nonzero(~decided) / count
    if decided.any():
        values |= {name: predicted[name][decided].astype(np.float64) for name in (LABELS, MARGINS)}
    values[ACCURACY] = np.array([np.mean(predicted[LABELS] == context.data.y_test)])
    tolerances |= {
        ACCURACY: Tolerance(np.asarray(ties + ROUNDING), f"{ties:.2%} of the samples are at a tie"),
        LABELS: Tolerance(np.zeros(()), "the largest output, by more than rounding"),
        MARGINS: replace(tolerances[OUTPUTS], bound=bound[decided]),
    }
    return _Expected(values, tolerances, decided)


@dataclass(frozen=True)
class _Scored:
    """The reference's outputs (N, ...) and the losses (N,) whose mean is the loss of the test set, in float64."""

    outputs: FloatArray
    losses: FloatArray

    @property
    def loss(self) -> FloatArray:
        """The loss of the test set, (1,)."""
        return np.array([self.losses.mean()])

    def arrays(self) -> Arrays:
        return {OUTPUTS: self.outputs, LOSSES: self.losses}

    @classmethod
    def of(cls, arrays: Arrays) -> _Scored:
        return cls(arrays[OUTPUTS], arrays[LOSSES])


def _scored(context: Context, adapter: Adapter, weights: Parameters) -> _Scored:
    trainer = context.trainer(adapter, horizon=1)
    trainer.set_weights(weights)
    x, y = context.test_set(adapter.arm.variable_dtype)
    outputs = np.concatenate([trainer.forward(x[start : start + PART]) for start in range(0, len(x), PART)])
    losses = per_sample(context.experiment.loss, outputs, y)[0]
    return _Scored(outputs.astype(np.float64), losses.astype(np.float64))


def _widened(
    context: Context, arm: Arm, weights: Parameters, tolerances: Mapping[str, Tolerance]
) -> dict[str, Tolerance]:
    """The tolerances of outputs and loss, wider by what the ledger's known inaccuracies of the arm do to them."""

    def compute() -> Arrays:
        scored = _scored(context, context.oracle, weights)  # anew: the ledger disturbs the reference meanwhile
        return {OUTPUTS: scored.outputs, LOSS: scored.loss}

    effect = propagated(context, arm, words_within(context.experiment.recipe), compute)
    excuses = {name: effect.excuse(name, tolerance)() for name, tolerance in tolerances.items()}
    return {
        name: tolerance if (excuse := excuses[name]) is None else Tolerance(np.asarray(excuse.bound), excuse.cause)
        for name, tolerance in tolerances.items()
    }


RUNG = Rung(NAME, judge_trainings=judge_trainings)
