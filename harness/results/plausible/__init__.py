"""Impossible values in records, even in records whose digests fit: a table of rules, each with the file it checks.

A rule takes files that have been read and yields a sentence on each impossible value, with its row. A wrong value that
a training could have left - another plausible loss in a step that nobody judges - is beyond any rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from harness.data import Dataset
from harness.plan import Plan
from harness.results.plausible import ending, epochs, run, steps, trace
from harness.results.plausible.left import Left
from harness.results.recorded import (
    EPOCHS,
    EXPERIMENT,
    PLAN,
    STEPS,
    TRACE,
    VERDICTS,
    ReadingFailure,
    RecordedArm,
    RecordedRun,
)
from harness.spec.experiment import Experiment
from harness.system.array_files import PREDICTIONS, WEIGHTS


@dataclass(frozen=True)
class Rule:
    """One rule: `broken` yields a sentence on each impossible value.

    `file`: the record that it checks. It is skipped where this file, or one of `beside`, is known to be damaged.
    `by_data`: it can check more once the plan and the data are available, and then runs again.
    """

    file: str
    broken: Callable[[Left], Iterator[str]]
    beside: tuple[str, ...] = ()
    by_data: bool = False


RULES = (
    Rule(TRACE, trace.arm_of_the_experiment),
    Rule(TRACE, trace.end_of_the_training),
    Rule(TRACE, trace.digests),
    Rule(TRACE, trace.times_and_memory),
    Rule(TRACE, trace.status_and_summary, (STEPS, EPOCHS)),
    Rule(STEPS, steps.rates_are_finite),
    Rule(STEPS, steps.losses_are_explained),
    Rule(STEPS, steps.losses_are_in_range),
    Rule(STEPS, steps.watched_values),
    Rule(STEPS, steps.watched_columns),
    Rule(STEPS, steps.steps_of_the_run, (TRACE,)),
    Rule(STEPS, steps.steps_of_each_epoch, by_data=True),
    Rule(EPOCHS, epochs.epochs_of_the_run, (TRACE,), by_data=True),
    Rule(EPOCHS, epochs.test_losses_are_explained, (STEPS,)),
    Rule(EPOCHS, epochs.accuracies),
    Rule(EPOCHS, epochs.mean_losses, (STEPS,)),
    Rule(EPOCHS, epochs.times, (TRACE,)),
    Rule(EPOCHS, epochs.memory),
    Rule(EPOCHS, epochs.samples_seen, (STEPS,), by_data=True),
    Rule(EPOCHS, epochs.samples_scored, by_data=True),
    Rule(WEIGHTS, ending.weights_of_the_model, (TRACE,)),
    Rule(WEIGHTS, ending.weights_are_finite, (STEPS,)),
    Rule(PREDICTIONS, ending.predictions_are_there, (TRACE,)),
    Rule(PREDICTIONS, ending.predictions_of_the_test_set, (STEPS, EPOCHS)),
    Rule(PREDICTIONS, ending.predictions_make_the_accuracy, (EPOCHS,), by_data=True),
)
RULES_OF_RUNS: tuple[tuple[str, Callable[[RecordedRun], Iterator[str]]], ...] = (
    (PLAN, run.plan_of_the_experiment),
    (VERDICTS, run.outcomes),
)


def examined(recorded: RecordedRun) -> RecordedRun:
    """The run with its impossible values, judged by its records alone, added to its failures and those of its arms."""
    experiment = recorded.experiment
    if experiment is None or recorded.failed(EXPERIMENT):
        return recorded  # without an experiment no value can be judged
    sound = [(file, rule) for file, rule in RULES_OF_RUNS if not recorded.failed(file)]
    broken = [ReadingFailure(file, why) for file, rule in sound for why in rule(recorded)]
    planned = {} if recorded.failed(PLAN) or broken else recorded.plan
    arms = {name: _with_broken(arm, Left(arm, experiment, planned), RULES) for name, arm in recorded.arms.items()}
    return replace(recorded, arms=arms, failures=(*recorded.failures, *broken))


def examined_by_data(arm: RecordedArm, experiment: Experiment, plan: Plan, data: Dataset) -> RecordedArm:
    """The arm with its impossible values, judged by the plan and the data as well, added to its failures."""
    records = Left(arm, experiment, {}, plan, data)
    return _with_broken(arm, records, tuple(rule for rule in RULES if rule.by_data))


def _with_broken(arm: RecordedArm, records: Left, rules: tuple[Rule, ...]) -> RecordedArm:
    sound = [rule for rule in rules if not arm.failed(rule.file, *rule.beside)]
    broken = [ReadingFailure(arm.place + rule.file, why) for rule in sound for why in rule.broken(records)]
    return replace(arm, failures=(*arm.failures, *broken))
