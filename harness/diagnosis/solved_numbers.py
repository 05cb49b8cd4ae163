"""The number of a spec by which an arm's answers are explained, solved for from the answers themselves.

A rate as a function of the step is searched over its formula alone; anything else by the rung's own reference, whose
tensors are taken from the checks that the rung judges. The estimate is replaced by the number that a person would have
typed, if the judge accepts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from math import prod
from typing import Any, TypeAlias

import numpy as np

from adapters.protocol import IntArray
from adapters.reference.schedules import rates
from harness.diagnosis.forms import as_written
from harness.diagnosis.numbers import Number, candidates, digits_of, numbers_below, numbers_of, related_by
from harness.diagnosis.proof import Judge
from harness.diagnosis.solving import scan, solve
from harness.judging.checks import Check, collected
from harness.judging.context import Context
from harness.records.array_types import FloatArray
from harness.rungs.rung import Parts, Shortened
from harness.rungs.schedule import RATE
from harness.spec.changes import Changes, replaced
from harness.spec.schedules import PiecewiseConstant, Schedule

# The most runs of the rung's reference that are spent on estimates.
MOST_RUNS = 200
TINY = 1e-300
RELATED = 1e-3  # relative; in the words of a cause a number nearer than this is the other in a known relation
Curve: TypeAlias = tuple[IntArray, FloatArray]  # steps, and the rates at them


@dataclass(frozen=True)
class Solution:
    """The number in words, its changes of the spec, and by what mistake it became the other; may be empty."""

    name: str
    changes: Changes
    relation: str = ""


def solved(
    question: Shortened,
    judge: Judge,
    culprit: str,
    parts: Parts,
    likely: Parts,
    explains: Callable[[Changes], bool],
) -> Solution | None:
    """The solution for one arm's answers; None if no single number explains them.

    `explains`: whether the rung's judge accepts the changes. `likely`: the parts whose numbers come first.
    """
    context = question.context
    reference = _Reference(question, judge, culprit)
    curve = reference.curve
    if curve is not None and "schedule" in parts:
        yield_from = (_of_pieces(context.experiment.schedule, curve), _of_schedule(context, curve))
        for found in (solution for solutions in yield_from for solution in solutions):
            if explains(found.changes):
                return found
    numbers = [n for n in numbers_of(context.experiment, parts) if not n.path.startswith("schedule.")]
    for number in sorted(numbers, key=lambda each: each.path.partition(".")[0] not in likely):
        estimate = solve(partial(reference.residuals, number), number.value, number.low, number.high)
        if estimate is None:
            continue
        related = related_by(number, _classes(context), steps_of_epoch(context))
        for value, relation in candidates(number, estimate, related):
            changes = {number.path: number.typed(value)}
            if value != number.value and explains(changes):
                return Solution(number.name, changes, relation)
    return None


def relation_of(context: Context, changes: Changes) -> str:
    """By what mistake a single changed number became the other, in words; empty if by none that is known."""
    if len(changes) != 1:
        return ""
    ((path, value),) = changes.items()
    for number in numbers_of(context.experiment, (path.partition(".")[0],)):
        if number.path == path and isinstance(value, int | float):
            related = related_by(number, _classes(context), steps_of_epoch(context))
            return next((what for what, other in related.items() if np.isclose(other, value, rtol=RELATED)), "")
    return ""


def steps_of_epoch(context: Context) -> int:
    """The updates of one epoch."""
    orders = context.plan.orders
    return -(-len(orders[0]) // context.plan.batch_size) if len(orders) else 0


def _classes(context: Context) -> int:
    return prod(context.experiment.model.output_shape)


@dataclass
class _Reference:
    """The rung's reference beside the answers of one arm. `runs`: how many were made."""

    question: Shortened
    judge: Judge
    culprit: str
    runs: int = 0

    @property
    def curve(self) -> Curve | None:
        """The steps and the arm's rates at them, of the longest check of rates; None if the rung has no rates."""
        checks = [check for check in self._checks(self.question.context) if check.tensor == RATE]
        if not checks:
            return None
        own = self.question.context.experiment.schedule.name_in_tables
        longest = max(checks, key=lambda check: (check.subject.startswith(own), len(check.reference)))
        named = [longest.name_index((index,)) for index in range(len(longest.reference))]
        steps = np.array([int(name.removeprefix("step ")) for name in named])
        values = np.asarray(longest.claims[self.culprit].values, np.float64)
        return (steps, values) if values.shape == steps.shape else None

    def residuals(self, number: Number, value: float) -> FloatArray | None:
        """The arm's tensors minus the reference's with the number at a value, each by the tensor's size; flat."""
        if self.runs >= MOST_RUNS:
            return None
        self.runs += 1
        try:
            given = self.question.context.given({number.path: number.typed(value)})
        except ValueError:  # outside of what the spec allows
            return None
        parts = [_relative(check, self.culprit) for check in self._checks(given)]
        return np.concatenate(parts) if parts else None

    def _checks(self, context: Context) -> list[Check]:
        with collected() as checks:
            self.judge(context, {self.culprit: self.question.answers[self.culprit]})
        return [check for check in checks if self.culprit in check.claims and not check.unjudged]


def _relative(check: Check, arm: str) -> FloatArray:
    values = np.asarray(check.claims[arm].values, np.float64)
    if values.shape != np.shape(check.reference):
        return np.zeros(np.size(check.reference))
    finite = np.abs(values[np.isfinite(values)])
    difference: FloatArray = (values - check.reference).ravel() / (np.max(finite, initial=0.0) or 1.0)
    return difference


def of_curve(schedule: Schedule, curve: Curve, steps_of_epoch: int = 0) -> Iterator[tuple[Number, float, str]]:
    """One number of the schedule at another value, as near to the curve as that number allows, and its relation.

    For each number; those with a relation or of few digits come first. `curve`: steps and rates. It is for the caller
    to judge whether the value explains the curve.
    """
    found: list[tuple[int, tuple[Number, float, str]]] = []
    for number in numbers_below("schedule", schedule, whole=True):
        estimate = scan(
            lambda value, number=number: distance_of(_with_number(schedule, number, value), curve),  # type: ignore[misc]
            number.value,
            number.low,
            number.high,
            number.is_whole,
        )
        if estimate is None:
            continue
        for value, relation in candidates(number, estimate, related_by(number, 0, steps_of_epoch)):
            found.append((0 if relation else digits_of(value), (number, value, relation)))
    yield from (solution for _, solution in sorted(found, key=lambda each: each[0]))


def _of_schedule(context: Context, curve: Curve) -> Iterator[Solution]:
    for number, value, relation in of_curve(context.experiment.schedule, curve, steps_of_epoch(context)):
        yield Solution(number.name, {number.path: number.typed(value)}, relation)


def _with_number(schedule: Schedule, number: Number, value: float) -> Schedule | None:
    try:
        changed_schedule: Schedule = replaced(schedule, number.path.partition(".")[2], number.typed(value))
    except ValueError:
        return None
    return changed_schedule


def distance_of(schedule: Schedule | None, curve: Curve) -> float:
    """How far a schedule is from the rates of a curve, relatively and on average: 0 to 1; infinite for None."""
    if schedule is None:
        return np.inf
    steps, values = curve
    expected = np.asarray(rates(schedule, steps, np.float64), np.float64)
    apart = np.abs(values - expected) / (np.abs(values) + np.abs(expected) + TINY)
    return float(np.sqrt(np.mean(np.where(np.isfinite(apart), apart, 1.0) ** 2)))


def _of_pieces(schedule: Schedule, curve: Curve) -> Iterator[Solution]:
    """The boundaries and values of a piecewise constant rate, read off the steps at which the rate changes."""
    if not isinstance(schedule, PiecewiseConstant):
        return
    steps, values = curve
    pieces: list[tuple[Any, list[int]]] = []
    for value, group in groupby(range(len(values)), key=lambda index: float(f"{values[index]:.6g}")):
        pieces.append((value, [int(steps[index]) for index in group]))
    starts = [members[0] for _, members in pieces[1:]]
    offset = 1 if schedule.boundary == "inclusive" else 0
    boundaries = [start - offset for start in starts]
    heights = [value for value, _ in pieces]
    if len(boundaries) != len(schedule.boundaries) or any(boundary < 1 for boundary in boundaries):
        return
    stated = as_written(schedule)
    others = {"boundaries": boundaries, "values": heights}
    changes = {f"schedule.{name}": other for name, other in others.items() if list(stated[name]) != other}
    if changes:
        yield Solution("boundary" if "schedule.boundaries" in changes else "size of the rate", changes)
