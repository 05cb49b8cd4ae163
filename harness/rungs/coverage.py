"""The parts of a run that were judged and those that were not, in words for the line below its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.judging.tolerances import STRICT_STEPS
from harness.records.cost import CostPlan
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.rungs import (
    checkpoints,
    convergence,
    convergence_losses,
    evaluation,
    expected,
    registry,
    schedule,
    trajectory,
)
from harness.spec.experiment import Experiment

JUDGED = ("agrees", "known", "diverges")


@dataclass(frozen=True)
class Coverage:
    """The judged parts of a run and the others, each in a few words."""

    judged: tuple[str, ...]
    not_judged: tuple[str, ...]
    reductions: str = ""

    @property
    def in_words(self) -> str:
        """`judged: ...; not judged: ...; reduced: ...`."""
        words = [f"judged: {', '.join(self.judged) or 'nothing'}"]
        words += [f"not judged: {', '.join(self.not_judged)}"] if self.not_judged else []
        words += [f"reduced: {self.reductions}"] if self.reductions else []
        return "; ".join(words)


def coverage(
    experiment: Experiment,
    steps: int,
    verdicts: Sequence[Verdict],
    traces: Sequence[Trace],
    trains: bool,
    cost: CostPlan | None = None,
) -> Coverage:
    """The coverage of a run of `steps` updates. `trains`: whether it was to train; `match` trains, `check` does not.

    `cost`: the plan of cost, where one was made.
    """
    rungs = {verdict.rung for verdict in verdicts if verdict.status in JUDGED}
    judged, not_judged = list[str](), list[str]()
    reductions = "" if cost is None else cost.reductions

    def add(part: str, is_judged: bool) -> None:
        (judged if is_judged else not_judged).append(part)

    add(f"learning rates of {_steps(0, steps, steps)}", schedule.NAME in rungs)
    free = _free_steps(experiment, steps, trains, cost) if trajectory.NAME in rungs else 0
    with_tensors = any(verdict.rung == trajectory.NAME and "digests" in verdict.subject for verdict in verdicts)
    every_tensor = ", every gradient and weight by digest" if with_tensors else ""
    if free:
        judged.append(f"losses of {_steps(0, free, steps)}{every_tensor}")
    after_epochs = next((v.subject for v in verdicts if v.subject.startswith(checkpoints.SUBJECT)), "")
    if after_epochs:
        judged.append(f"{checkpoints.STEPS} losses {after_epochs.removeprefix(checkpoints.LOSSES)}")
    if free < steps:
        not_judged.append(f"{'other ' * bool(after_epochs)}losses of {_steps(free, steps, steps)}")
    first = free if with_tensors else 0
    if first < steps:
        has_state = any(not parameter.trainable for parameter in experiment.model.parameters())
        tensors = "gradients, weights and the state of layers" if has_state else "gradients and weights"
        not_judged.append(f"{tensors} of {_steps(first, steps, steps)}")
    with_question = list(registry.questions())
    # The rates and the free run are reported by their steps above.
    others_judged = [name for name in with_question if name in rungs - {schedule.NAME, trajectory.NAME}]
    judged += [f"what is asked by {_listed(others_judged)}"] if others_judged else []
    if experiment.rungs:
        of_trainings = {rung.name for rung in registry.of_trainings(experiment.rungs)}
        left_out = [rung.name for rung in registry.of_trainings() if rung.name not in {*with_question, *of_trainings}]
        not_chosen = [name for name in with_question if name not in experiment.rungs] + left_out * trains
        not_judged += [f"rungs that were not asked for ({', '.join(not_chosen)})"] if not_chosen else []
    unsupported = sum(verdict.status == "unsupported" for verdict in verdicts)
    not_judged += [f"{unsupported} checks of what an arm does not support"] if unsupported else []
    if not trains:
        not_judged.append("a whole training, since check makes none")
        return Coverage(tuple(judged), tuple(not_judged), reductions)
    if experiment.data.classes is not None:
        alone = " (one arm has nobody to be compared with)" if len(traces) == 1 else ""
        add(f"test accuracy after the last epoch{alone}", convergence.NAME in rungs)
    if experiment.expected:
        add("what the experiment expects", expected.NAME in rungs)
    add("test loss, accuracy and predictions, from the final weights", evaluation.NAME in rungs)
    after = next((v.subject for v in verdicts if v.rung == evaluation.NAME and evaluation.AFTER in v.subject), "")
    if after:
        judged.append(f"test loss and accuracy{evaluation.AFTER}{after.partition(evaluation.AFTER)[2]}")
    of_losses = (v for v in verdicts if v.rung == convergence.NAME and v.subject.startswith(convergence_losses.SUBJECT))
    compared = [verdict.subject for verdict in of_losses if verdict.status in JUDGED]
    judged += [f"{subject} of one arm against another" for subject in dict.fromkeys(compared)]
    epochs = max((len(trace.epochs) for trace in traces), default=0)
    against = " by the reference" if compared else ""
    not_judged += [f"test losses of {'other' if after else 'earlier'} epochs{against}"] * (
        epochs > 1 or evaluation.NAME not in rungs
    )
    return Coverage(tuple(judged), tuple(not_judged), reductions)


def _free_steps(experiment: Experiment, steps: int, trains: bool, cost: CostPlan | None) -> int:
    """The number of steps whose losses are judged, which is larger if all arms train in float64."""
    strictly = trains and len(experiment.arms) > 1 and all(arm.precision == "float64" for arm in experiment.arms)
    free_steps = experiment.free_steps if cost is None else cost.asked.free_steps
    return min(max(STRICT_STEPS * strictly, free_steps), steps)


def _listed(names: Sequence[str]) -> str:
    return f"rung{'s' * (len(names) > 1)} {', '.join(names)}"


def _steps(first: int, end: int, whole: int) -> str:
    if end - first == whole:
        return f"all {whole:,} steps"
    return f"steps {first:,} to {end - 1:,} of {whole:,}" if end - first > 1 else f"step {first:,} of {whole:,}"
