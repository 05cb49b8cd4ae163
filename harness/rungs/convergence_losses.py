"""The part of the rung `convergence` for test losses: those of two arms after every epoch, for one seed.

Rounding errors grow in a float32 training, so the test losses of two right arms part, and no bound on their difference
follows from the reference past the horizon of a free run. It differs by experiment from nothing to some per cent. So
float32 arms are compared only if the experiment states a `loss_margin`: what each arm says of its own weights is judged
by the reference anyway (`evaluation`). In float64 rounding stays below 1e-10 for the first `STRICT_STEPS` updates, and
the epochs that end within these are compared to that bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from harness.judging.tolerances import STRICT_STEPS, Tolerance, share, strict
from harness.judging.ulp import error_against
from harness.records.array_types import FloatArray
from harness.records.trace import EpochRecord, Trace
from harness.records.verdict import Verdict
from harness.rungs import evaluation
from harness.rungs.convergence_culprits import Attribution, first_divergences
from harness.rungs.rung import Trainings
from harness.spec.experiment import Experiment

NAME = "convergence"
SUBJECT = "test_loss"
Epochs = list[tuple[EpochRecord, EpochRecord]]


def judge_losses(experiment: Experiment, traces: Sequence[Trace], trainings: Trainings | None = None) -> list[Verdict]:
    """The verdicts on the test losses of every two arms that finished, after every epoch that can be judged.

    `trainings`: the records from which a culprit can be named; None if the reference cannot run.
    """
    margin = experiment.comparison.loss_margin
    return [
        verdict
        for a, b in combinations([trace for trace in traces if trace.finished], 2)
        for verdict in _judge_pair(a, b, margin, trainings)
    ]


def _judge_pair(a: Trace, b: Trace, margin: float | None, trainings: Trainings | None) -> Iterator[Verdict]:
    epochs = list(zip(a.epochs, b.epochs, strict=False))
    if a.arm.precision == b.arm.precision == "float64":
        within = _of_strict_steps(epochs)
        if within:
            yield _verdict(a, b, within, strict(_losses(within, 0)), " in float64", trainings)
    if margin is not None and epochs:
        sizes = np.maximum(np.abs(_losses(epochs, 0)), np.abs(_losses(epochs, 1)))
        yield _verdict(a, b, epochs, share(margin, sizes), "", trainings)


def _verdict(
    a: Trace, b: Trace, epochs: Epochs, tolerance: Tolerance, where: str, trainings: Trainings | None
) -> Verdict:
    first, second = _losses(epochs, 0), _losses(epochs, 1)
    error = error_against(first, second)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.where(error == 0, 0.0, error / tolerance.bound)
    excess = np.where(np.isnan(excess), np.inf, excess)
    diverging = np.flatnonzero(excess > 1)
    # The first epoch that diverges is nearest to the cause.
    worst = int(diverging[0]) if diverging.size else int(np.argmax(excess))
    found = _attribution(a, b, epochs[worst], trainings) if diverging.size else None
    distance = f"{a.arm.name} and {b.arm.name} are {error[worst]:.3g} apart"
    return Verdict.model_validate(
        {
            "rung": NAME,
            "subject": f"{SUBJECT}{where}, epochs {epochs[0][0].epoch} to {epochs[-1][0].epoch}",
            "arm_a": a.arm.name,
            "arm_b": b.arm.name,
            "status": "agrees" if found is None else "diverges",
            **({} if found is None else found.fields),
            "tensor": SUBJECT,
            "worst_index": f"after epoch {epochs[worst][0].epoch}",
            "value_a": float(first[worst]),
            "value_b": float(second[worst]),
            "tolerance": float(np.broadcast_to(tolerance.bound, first.shape)[worst]),
            "error_over_tolerance": float(excess[worst]),
            "tolerance_source": tolerance.source,
            "cause": "" if found is None else "; ".join([distance, *found.reasons]),
        }
    )


def _attribution(
    a: Trace, b: Trace, records: tuple[EpochRecord, EpochRecord], trainings: Trainings | None
) -> Attribution:
    """The arms whose test loss is not the reference's at their weights; else those that were trained wrongly.

    If an arm's weights after this epoch were kept, `evaluation` has judged its test loss there.
    """
    if trainings is None:
        return Attribution((), ())
    scored_wrongly = [
        trace.arm.name
        for trace, record in zip((a, b), records, strict=True)
        if not evaluation.is_scored_right(trainings, trace, record)
    ]
    reason = "the reference scores another test loss from the weights of {}"
    if scored_wrongly:
        return Attribution(tuple(scored_wrongly), tuple(map(reason.format, scored_wrongly)))
    return first_divergences({0: (a, b)}, {0: trainings})


def _of_strict_steps(epochs: Epochs) -> Epochs:
    """The epochs that end within `STRICT_STEPS` updates."""
    ends = np.cumsum([len(record.losses) for record, _ in epochs])
    return [pair for pair, end in zip(epochs, ends, strict=True) if end <= STRICT_STEPS]


def _losses(epochs: Epochs, side: int) -> FloatArray:
    return np.array([pair[side].test_loss for pair in epochs])
