"""The estimate of what each rung takes, and what a budget leaves of it. Both are functions of what was measured alone.

The reductions, in this order, each as far as needed: fewer checkpoints of a training; fewer free steps; fewer steps of
rung `self`; fewer samples of the teacher-forced batches; and last, rungs that take the most are left out. The draws of
the chaos envelope stay as they are: with fewer of them the tolerance would be another. Fewer steps and samples leave
every tolerance as it would be for a run that states them, so that a verdict tells less and is never looser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import takewhile

from harness.judging.repeats import NAME as SELF
from harness.judging.repeats import RUNS as REPEATS
from harness.judging.tolerances import AHEAD, DRAWS, RUNS
from harness.records.cost import CostPlan, Extent, Rates
from harness.rungs import checkpoints, evaluation, layer, model, registry, step, trajectory
from harness.spec.experiment import Experiment
from harness.spec.layers import Conv1d, Conv2dTranspose, Convolution
from harness.spec.model import PlacedLayer

# The least that is still worth its time: one step whose tolerance has all the steps that it looks ahead; a second
# update, which uses the optimizer's state; a batch that is one.
FEWEST_FREE, FEWEST_SELF, FEWEST_SAMPLES = AHEAD + 1, 2, 8
FEWEST = {
    "checkpoints": 0,
    "free_steps": FEWEST_FREE,
    "self_steps": FEWEST_SELF,
    "forced_samples": FEWEST_SAMPLES,
}  # in this order
PASSES = 3  # a gradient takes three times the multiply-adds of the output
EVALUATED = 4 / 3  # an output and a gradient, in gradients
FREE_RUNS = 2  # of rung trajectory, planned and disturbed
# Beside a plain gradient in float32 a draw is updated, projected to digests and pushed across kinks.
OF_A_DRAW = 1.5
# The rungs whose cost grows with the model. Those of single words are not counted.
OF_THE_MODEL = (SELF, layer.NAME, model.NAME, step.NAME, trajectory.NAME)
# Multiply-adds a second that no arm and no reference was slower than, on two cores. Convolutions are the slower ones.
SLOWEST, SLOWEST_CONVOLUTION = 1e10, 1e9
CONVOLUTIONS = (Convolution, Conv2dTranspose, Conv1d)


def stated(experiment: Experiment, steps: int, batch_size: int, kept: int = 0) -> Extent:
    """What the experiment asks for, of a run of `steps` updates on batches of at most `batch_size` samples.

    `kept`: the checkpoints of a training.
    """
    free_steps = min(experiment.free_steps, steps)
    return Extent(
        checkpoints=kept,
        free_steps=free_steps,
        self_steps=free_steps,
        forced_steps=min(experiment.forced_steps, steps),
        forced_samples=batch_size,
    )


def gradients(extent: Extent, batch_size: int, arms: int = 1, scored: int = 0) -> float:
    """The gradients on whole batches that one arm and the reference compute, in all.

    `arms`: whose trainings are judged. `scored`: the samples of the test set; 0 where nothing is trained.
    """
    forced = extent.forced_steps * extent.forced_samples / batch_size
    arm = len(REPEATS) * extent.self_steps + FREE_RUNS * extent.free_steps + forced + 2 * EVALUATED
    reference = (2 + DRAWS * OF_A_DRAW) * extent.free_steps + (2 + RUNS) * (forced + EVALUATED)
    after_checkpoints = arms * extent.checkpoints * (checkpoints.STEPS * (1 + DRAWS * OF_A_DRAW) + 2 * EVALUATED)
    scorings = arms * (1 + extent.checkpoints) * 2 * scored / batch_size / PASSES
    return arm + reference + after_checkpoints + scorings


def is_small(experiment: Experiment, extent: Extent, batch_size: int, scored: int = 0) -> bool:
    """Whether a check takes less than its budget wherever it runs, so that nothing needs to be measured.

    `scored`: the samples of the test set; 0 where nothing is trained.
    """
    budget_s = experiment.comparison.budget_s
    if budget_s is None:
        return True
    placed = experiment.model.placed_layers()
    convolutions = sum(map(_of_convolutions, placed))
    slowest_s = convolutions / SLOWEST_CONVOLUTION + (experiment.model.multiply_adds - convolutions) / SLOWEST
    count = gradients(extent, batch_size, len(experiment.arms), scored)
    return count * PASSES * batch_size * slowest_s <= budget_s


def estimate(extent: Extent, rates: Rates, batch_size: int) -> dict[str, float]:
    """By rung, the seconds that arms and reference take. The arms answer side by side; the rest is not overlapped.

    `model.multiply_adds` x samples x draws x steps, at the measured rates, of the rungs `OF_THE_MODEL`.
    """
    arm_s, compilation_s = (max(values.values(), default=0.0) for values in (rates.arms, rates.compilations))
    exact_s, rounded_s = rates.reference_float64, rates.reference_float32
    share = extent.forced_samples / batch_size
    compiled_again_s = compilation_s if extent.self_steps != extent.free_steps else 0.0
    return {
        SELF: len(REPEATS) * extent.self_steps * arm_s + compilation_s,
        layer.NAME: 2 * layer.SAMPLES / batch_size * (arm_s + exact_s + RUNS * rounded_s) + compilation_s,
        model.NAME: EVALUATED * (arm_s + 2 * exact_s + (1 + RUNS) * rounded_s) + compilation_s,
        step.NAME: extent.forced_steps * share * (arm_s + exact_s + RUNS * rounded_s),
        trajectory.NAME: extent.free_steps * (FREE_RUNS * arm_s + exact_s + DRAWS * OF_A_DRAW * rounded_s)
        + compiled_again_s,
    }


def estimate_of_trainings(extent: Extent, rates: Rates, batch_size: int, scored: int) -> dict[str, float]:
    """By rung, the seconds that the reference takes to judge the trainings of all arms: from their checkpoints it makes
    updates, in an envelope of their own, and it scores the `scored` samples of the test set."""
    exact_s, rounded_s = rates.reference_float64, rates.reference_float32
    of_a_checkpoint_s = checkpoints.STEPS * (exact_s + DRAWS * OF_A_DRAW * rounded_s) + EVALUATED * (
        exact_s + rounded_s
    )
    of_a_scoring_s = scored / batch_size / PASSES * (exact_s + rounded_s)
    return {
        trajectory.NAME: len(rates.arms) * extent.checkpoints * of_a_checkpoint_s,
        evaluation.NAME: len(rates.arms) * (1 + extent.checkpoints) * of_a_scoring_s,
    }


def before_the_plan(rungs: Iterable[str]) -> list[str]:
    """The rungs that are climbed before the plan is made: of those given, in order, all that no rung of the model
    precedes.

    Rung `self` does not count for this, although it is the first of the ladder: it only widens the tolerances of free
    runs. So a user of a large model is told something soon.
    """
    return list(takewhile(lambda rung: rung not in OF_THE_MODEL, (rung for rung in rungs if rung != SELF)))


def planned(experiment: Experiment, extent: Extent, rates: Rates, batch_size: int, scored: int = 0) -> CostPlan:
    """The plan of cost: what the experiment states, and what its budget leaves of it.

    `extent`: what is stated. `scored`: the samples of the test set; 0 where nothing is trained.
    Raises ValueError for an experiment without a budget.
    """
    budget_s = experiment.comparison.budget_s
    if budget_s is None:
        raise ValueError("an experiment without a budget has no plan of cost")
    asking = registry.questions(experiment.rungs)
    judging = {rung.name for rung in registry.of_trainings(experiment.rungs)} if scored else set()

    def seconds(candidate: Extent) -> dict[str, float]:
        by_rung = {name: s for name, s in estimate(candidate, rates, batch_size).items() if name in asking}
        for name, s in estimate_of_trainings(candidate, rates, batch_size, scored).items():
            if name in judging:
                by_rung[name] = by_rung.get(name, 0.0) + s
        return by_rung

    def fits(candidate: Extent) -> bool:
        return _total(seconds(candidate), candidate) <= budget_s

    asked = _reduced(extent, fits)
    while not fits(asked):
        # The rung that takes the most is left out; the others then have its time.
        smallest = {rung: s for rung, s in seconds(asked).items() if rung not in asked.left_out}
        left_out = (*asked.left_out, max(smallest, key=lambda rung: smallest[rung]))
        asked = _reduced(extent.model_copy(update={"left_out": left_out}), fits)
    asked_s, smallest_s = seconds(asked), seconds(_smallest(extent))
    asked_s |= {rung: smallest_s[rung] for rung in asked.left_out}
    return CostPlan(
        budget_s=budget_s, rates=rates, stated=extent, asked=asked, stated_s=seconds(extent), asked_s=asked_s
    )


def _reduced(extent: Extent, fits: Callable[[Extent], bool]) -> Extent:
    """The extent with fewer steps and samples, in the stated order and only as far as needed."""
    for name, fewest in FEWEST.items():
        if not fits(extent):
            extent = _lowered(extent, name, fewest, fits)
    return extent


def _smallest(extent: Extent) -> Extent:
    return extent.model_copy(update={name: min(fewest, getattr(extent, name)) for name, fewest in FEWEST.items()})


def _lowered(extent: Extent, name: str, fewest: int, fits: Callable[[Extent], bool]) -> Extent:
    """The extent with the largest value of one field that fits, or with the fewest. Rung `self` has no further steps
    than a free run."""

    def at(value: int) -> Extent:
        changes = {name: value}
        if name == "free_steps":
            changes["self_steps"] = min(extent.self_steps, value)
        return extent.model_copy(update=changes)

    low, high = min(fewest, getattr(extent, name)), getattr(extent, name)
    while low < high:  # the largest value that fits lies between the two
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(at(middle)) else (low, middle - 1)
    return at(low)


def _total(seconds: Mapping[str, float], extent: Extent) -> float:
    return sum(value for rung, value in seconds.items() if rung not in extent.left_out)


def _of_convolutions(placed: PlacedLayer) -> int:
    """The multiply-adds of the convolutions in a layer, for one sample."""
    own = placed.layer.multiply_adds(placed.input_shape) if isinstance(placed.layer, CONVOLUTIONS) else 0
    return own + sum(map(_of_convolutions, placed.inner))
