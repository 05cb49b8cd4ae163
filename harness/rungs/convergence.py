"""Rung `convergence`: are the final test accuracies of two arms equal within the margin that the experiment states?

For one seed, the difference of the two accuracies is compared with the margin; nothing is known about other weights and
other batches. Several seeds are paired runs, and `convergence_over_seeds` tests their mean difference; single seeds are
not judged then, since one of many may well lie outside. Of a difference the reference names the culprit where it can:
see `convergence_culprits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from harness.judging.silence import silent_arms
from harness.judging.tolerances import margin
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.rungs.convergence_culprits import Attribution, accuracy, attribution
from harness.rungs.convergence_losses import NAME as NAME
from harness.rungs.convergence_losses import judge_losses
from harness.rungs.rung import Rung, Trainings
from harness.spec.experiment import Experiment

ONE_SEED = "one seed gives no interval"
UNCOUNTED = "the arms scored different numbers of samples"


def judge_trainings(trainings: Trainings) -> list[Verdict]:
    """The verdicts on the accuracies of every two arms, and `unverified` for each arm that recorded no accuracy.

    If the model predicts values, not classes, there is no accuracy to record. Test losses follow: see
    `convergence_losses`.
    """
    experiment, healthy = trainings.context.experiment, trainings.healthy
    verdicts = judge_traces(experiment, trainings.traces, trainings)
    if experiment.data.classes is not None and len(healthy) > 1:
        verdicts += silent_arms(NAME, healthy, verdicts, "no accuracy was recorded")
    return verdicts + judge_losses(experiment, trainings.traces, trainings)


def judge_traces(experiment: Experiment, traces: Sequence[Trace], trainings: Trainings | None = None) -> list[Verdict]:
    """The verdicts on the test accuracies of every two arms after the last epoch, for one seed.

    Where the model predicts values there is no accuracy: the rung `expected` judges them. `trainings`: the records
    from which a culprit can be named; None if the reference cannot run.
    """
    scored = [trace for trace in traces if ended(trace) and trace.epochs[-1].test_accuracy is not None]
    return [_judge_pair(a, b, experiment.comparison.accuracy_margin, trainings) for a, b in combinations(scored, 2)]


def _judge_pair(a: Trace, b: Trace, accuracy_margin: float, trainings: Trainings | None) -> Verdict:
    bound = margin(accuracy_margin)
    # A difference equal to the margin is within it, so the rounding of the two accuracies is added.
    most = float(bound.bound) + float(np.finfo(np.float64).eps)
    difference = abs(accuracy(a) - accuracy(b))
    uncounted = miscounted(a, b, trainings)
    if uncounted:
        found, causes = Attribution(uncounted, (UNCOUNTED,)), [UNCOUNTED]
    elif difference <= most:
        found, causes = None, [ONE_SEED]
    else:
        by_seed = {} if trainings is None else {0: trainings}
        found = attribution({0: (a, b)}, by_seed, lambda differences: abs(differences[0]) > most)
        causes = [f"{100 * difference:.2f} points apart", *found.reasons, ONE_SEED]
    return Verdict.model_validate(
        {
            "rung": NAME,
            "subject": "test_accuracy",
            "arm_a": a.arm.name,
            "arm_b": b.arm.name,
            "status": "agrees" if found is None else "diverges",
            **({} if found is None else found.fields),
            "worst_index": f"after epoch {a.epochs[-1].epoch}",
            "value_a": accuracy(a),
            "value_b": accuracy(b),
            "tolerance": float(bound.bound),
            "error_over_tolerance": difference / float(bound.bound),
            "tolerance_source": bound.source,
            "cause": "; ".join(causes),
        }
    )


def miscounted(a: Trace, b: Trace, trainings: Trainings | None) -> tuple[str, ...]:
    """Of two arms that scored different numbers of test samples, those that did not score each sample once.

    Without `trainings` the number of samples is not known: then it is the arm that scored fewer.
    """
    counts = {trace.arm.name: trace.epochs[-1].samples_scored for trace in (a, b)}
    if len(set(counts.values())) == 1:
        return ()
    samples = max(counts.values()) if trainings is None else len(trainings.context.data.x_test)
    return tuple(name for name, count in counts.items() if count != samples)


def ended(trace: Trace) -> bool:
    """Whether the training finished and recorded at least one epoch."""
    return trace.finished and bool(trace.epochs)


RUNG = Rung(NAME, judge_trainings=judge_trainings, over_seeds=True)
