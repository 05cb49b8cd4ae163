"""The rungs of native losses, optimizers and schedules: compared with the word that they are to be, or with each other.

With a word the reference judges, and the number of the word by which a side differs is solved for. Without one no side
is right: the two are compared, and differ if they are further apart than float32 arithmetic takes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from adapters.reference.schedules import oracle
from harness.judging.checks import judge_checks
from harness.judging.context import Answer
from harness.judging.tolerances import FACTOR, Tolerance, own_error
from harness.judging.ulp import error_against
from harness.oracles.oracle import NO_CULPRIT, ArmValues, Expected, Place, check, checks
from harness.oracles.own_float64 import OwnFloat64, Side
from harness.oracles.reference import Reference
from harness.records.array_types import FloatArray
from harness.records.tensor_key import TensorKey, below, keyed
from harness.records.verdict import Verdict
from harness.rungs.schedule import RATE, rate_tolerance, with_first_step
from harness.subjects.pair.climbing import LOSS, OPTIMIZER, SCHEDULE, Climb
from harness.subjects.pair.own_numbers import losses_by_reference, of_loss, of_rates, of_update
from harness.subjects.pair.own_tasks import table
from harness.subjects.pair.passes import below_name
from harness.subjects.pair.related_rates import related
from harness.subjects.pair.rungs import reference_updates
from harness.subjects.pair.tasks import TASKS
from harness.system.array_files import Arrays, save_arrays

# Native forms of one rate in float32 are up to 551 ULP off float64, 3.3e-5: rates that are further apart than
# three times that are other rates.
RATES_APART = 1e-4
# Native optimizers in float32 are up to 7e-5 of the displacement off float64 after 1,000 updates.
UPDATES_APART = 2e-4
# In the words of a cause, ratios of losses nearer than this count as one: float32 is nearer, other counts are far off.
RATIO_ALIKE = 1e-3
BATCHES = 3


@dataclass(frozen=True)
class Between:
    """The oracle of two sides of which neither is right: the second is compared with the first."""

    a: ArmValues
    b: ArmValues
    tolerances: Mapping[str, Tolerance]

    @property
    def sides(self) -> dict[str, ArmValues]:
        return {side.arm.name: side for side in (self.a, self.b)}

    def expected(self, tensor: str) -> Expected:
        """The first side's values, within the tolerance."""
        value = np.asarray(self.a.tensor(tensor), np.float64)
        tolerance = self.tolerances[tensor]
        return Expected(value, dict.fromkeys(self.sides, tolerance), attribute=partial(self._attributed, tensor))

    def _attributed(self, tensor: str, verdict: Verdict) -> Verdict:
        if verdict.status == "agrees":
            return verdict.model_copy(update={"value_reference": None})
        apart = float(np.max(error_against(self.b.tensor(tensor), self.a.tensor(tensor)), initial=0.0))
        cause = f"{self.a.arm.name} and {self.b.arm.name} are {apart:.3g} apart"
        return verdict.model_copy(update={**NO_CULPRIT, "cause": cause})


def schedule_rung(climb: Climb) -> list[Verdict]:
    """Compares the rates of all steps of both sides' own schedules."""
    word, steps = climb.pair.schedule, np.arange(climb.pair.steps)
    answers = climb.ask(TASKS["pair_rates"], steps=climb.pair.steps)
    rates = {arm.name: answers[arm.name][1]["rates"] for arm in climb.arms}
    climb.table = table(rates[climb.arms[0].name])
    place = Place(f"rates of {len(steps)} steps", name_index=lambda index: f"step {index[0]}", tensor=RATE)
    if word is None:
        a, b = (ArmValues(arm, {RATE: rates[arm.name]}) for arm in climb.arms)
        largest = float(np.max(np.abs(a.tensor(RATE)), initial=0.0))
        bound = RATES_APART * np.abs(a.tensor(RATE)) + FACTOR * float(np.finfo(np.float32).eps) * largest
        judged: Any = Between(a, b, {RATE: Tolerance(bound, f"{RATES_APART:g} of the rate")})
        sides: Any = judged.sides
    else:
        tolerance = {RATE: rate_tolerance(word, steps, np.float32)}
        judged = Reference({RATE: oracle(word, steps)}, {arm.name: tolerance for arm in climb.arms})
        sides = {arm.name: ArmValues(arm, {RATE: rates[arm.name]}) for arm in climb.arms}
    of_rates_check = check(SCHEDULE, judged, sides, RATE, place)
    verdicts = [with_first_step(of_rates_check, verdict) for verdict in judge_checks([of_rates_check])]
    if word is None:
        (name_a, rates_a), (name_b, rates_b) = rates.items()
        found = related(rates_a, rates_b, name_a, name_b)
        return [
            v.model_copy(update={"cause": f"{v.cause}; {found}"}) if found and v.status == "diverges" else v
            for v in verdicts
        ]
    return [_named(v, {name: of_rates(word, steps, values) for name, values in rates.items()}) for v in verdicts]


def loss_rung(climb: Climb) -> list[Verdict]:
    """Compares both sides' own losses, and their gradients, of the same outputs and targets."""
    word, path = climb.pair.loss, climb.scratch / "loss_outputs.npz"
    first = climb.arms[0].name
    answer = climb.ask(
        TASKS["pair_own_outputs"],
        by_arm={first: {"weights": str(climb.start), "batches": min(BATCHES, climb.pair.steps)}},
    )[first][1]
    layouts = {climb.pair.models[arm.adapter].layout for arm in climb.arms}
    if not answer or (answer["outputs"].ndim > 3 and len(layouts) > 1):
        climb.remarks.append("losses of several targets, or of outputs in two layouts, are compared on rung model only")
        return []
    given = {"outputs": answer["outputs"], "targets": answer["targets"]}
    save_arrays(path, given)
    answers = climb.ask(TASKS["pair_own_loss"], outputs=str(path))
    places: dict[str, Place] = {
        f"{batch}/{what}": Place(
            f"{what} of {len(given['outputs'])} batches", LOSS, name_index=below_name(f"batch {batch}, {what}")
        )
        for what in ("loss", "gradient")
        for batch in range(len(given["outputs"]))
    }
    if word is None:
        a, b = (Side.of(arm, answers[arm.name][1], answers[arm.name][0]["refused"]) for arm in climb.arms)
        twin = OwnFloat64.pooled(a, b, list(places))
        verdicts = judge_checks(checks(LOSS, twin, twin.sides, places))
        return [_with_ratio(verdict, a, b, given) for verdict in verdicts]
    expected, rounded = (losses_by_reference(word, given, kind) for kind in (np.float64, np.float32))
    tolerances = {
        arm.name: {n: own_error(v, rounded[n], np.dtype(arm.precision).type) for n, v in expected.items()}
        for arm in climb.arms
    }
    values = {arm.name: ArmValues(arm, below(answers[arm.name][1], arm.precision)) for arm in climb.arms}
    verdicts = judge_checks(checks(LOSS, Reference(expected, tolerances), values, places))
    found = {name: of_loss(word, given, values[name].values) for name in values}
    return [_named(verdict, found) for verdict in verdicts]


def _with_ratio(verdict: Verdict, a: Side, b: Side, given: Arrays) -> Verdict:
    """The verdict with the factor between both losses as its cause, where it is the same in all values."""
    if verdict.status != "diverges":
        return verdict
    ratios = [b.values[name].astype(np.float64) / a.values[name] for name in a.values if np.all(a.values[name])]
    flat = np.concatenate([np.ravel(ratio) for ratio in ratios]) if ratios else np.empty(0)
    if not flat.size or not np.allclose(flat, flat[0], rtol=RATIO_ALIKE):
        return verdict
    ratio = float(np.median(flat))
    size, width = given["outputs"].shape[1], given["outputs"].shape[-1]
    known = {
        "the number of samples: one is their mean and the other their sum": size,
        "the number of outputs: one is their mean and the other their sum": width,
        "the number of all elements: one is their mean and the other their sum": size * width,
    }
    what = next((t for t, n in known.items() if n > 1 and np.isclose(max(ratio, 1 / ratio), n, rtol=RATIO_ALIKE)), "")
    larger, smaller, factor = (b.name, a.name, ratio) if ratio > 1 else (a.name, b.name, 1 / ratio)
    cause = f"the loss of {larger} is {factor:.6g} times that of {smaller}" + (f", {what}" if what else "")
    return verdict.model_copy(update={"cause": cause})


def optimizer_rung(climb: Climb) -> list[Verdict]:
    """Gives both sides' own optimizers the same gradients."""
    steps, path = climb.pair.steps, climb.scratch / "own_updates.npz"
    rng = np.random.default_rng(climb.pair.seed)
    start = {name: climb.weights[name] for name in climb.trainable}
    gradients = [
        {name: rng.normal(0, 0.1, value.shape).astype(np.float32) for name, value in start.items()}
        for _ in range(steps)
    ]
    fed: Arrays = keyed("weight", start, 0)
    for step, of_step in enumerate(gradients):
        fed |= keyed("gradient", of_step, step)
    save_arrays(path, fed)
    answers = climb.ask(TASKS["pair_update"], teacher=str(path), steps=steps)
    sides = {arm.name: Answer(arm, *answers[arm.name]) for arm in climb.arms}
    places: dict[str, Place] = {
        TensorKey("weight", name, k): Place(
            f"{steps} updates by the same gradients", "update", k, "", f"weight/{name}", below_name(f"weight/{name}")
        )
        for k in range(steps)
        for name in start
    }
    if climb.pair.optimizer is None:
        a, b = (ArmValues(arm, answers[arm.name][1]) for arm in climb.arms)
        between = Between(a, b, {key: _moved(a.tensor(key), start[TensorKey.parse(key).of]) for key in places})
        return judge_checks(checks(OPTIMIZER, between, between.sides, places))
    update = climb.pair.update(schedule=climb.table)
    expected, tolerances = reference_updates(climb, update, start, gradients)
    verdicts = judge_checks(checks(OPTIMIZER, Reference(expected, tolerances), sides, places))
    if all(verdict.status == "agrees" for verdict in verdicts):
        return verdicts
    found = {name: of_update(update, start, gradients, answers[name][1]) for name in sides}
    return [_named(verdict, found) for verdict in verdicts]


def _moved(after: FloatArray, start: FloatArray) -> Tolerance:
    distance = float(np.max(np.abs(np.asarray(after, np.float64) - start), initial=0.0))
    rounding = FACTOR * float(np.finfo(np.float32).eps) * float(np.max(np.abs(start), initial=0.0))
    return Tolerance(np.asarray(UPDATES_APART * distance + rounding), f"{UPDATES_APART:g} of the displacement")


def _named(verdict: Verdict, found: Mapping[str, str]) -> Verdict:
    """The verdict with what its culprits compute in place of the word as its cause, where that was found."""
    if verdict.status != "diverges":
        return verdict
    named = [f"{name} computes {found[name]}" for name in found if name in verdict.culprit.split(", ") and found[name]]
    return verdict.model_copy(update={"cause": "; ".join(named)}) if named else verdict
