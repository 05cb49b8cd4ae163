"""What of a run was judged and what was not, in words that stand below its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.judging.tolerances import STRICT_STEPS
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.rungs import convergence, evaluation, expected, registry, schedule, trajectory
from harness.spec.experiment import Experiment

JUDGED = ("agrees", "known", "diverges")


@dataclass(frozen=True)
class Coverage:
    """Parts of a run, each in a few words."""

    judged: tuple[str, ...]
    not_judged: tuple[str, ...]

    @property
    def in_words(self) -> str:
        """`judged: ...; not judged: ...`."""
        words = [f"judged: {', '.join(self.judged) or 'nothing'}"]
        words += [f"not judged: {', '.join(self.not_judged)}"] if self.not_judged else []
        return "; ".join(words)


def coverage(
    experiment: Experiment, steps: int, verdicts: Sequence[Verdict], traces: Sequence[Trace], trains: bool
) -> Coverage:
    """Of a run of `steps` updates. `trains`: whether it was to train, as `match` does and `check` does not."""
    rungs = {verdict.rung for verdict in verdicts if verdict.status in JUDGED}
    judged, left = list[str](), list[str]()

    def sort(part: str, is_judged: bool) -> None:
        (judged if is_judged else left).append(part)

    sort(f"learning rates of {_steps(0, steps, steps)}", schedule.NAME in rungs)
    free = _free_steps(experiment, steps, trains) if trajectory.NAME in rungs else 0
    with_tensors = any(verdict.rung == trajectory.NAME and "digests" in verdict.subject for verdict in verdicts)
    every_tensor = ", every gradient and weight by digest" if with_tensors else ""
    if free:
        judged.append(f"losses of {_steps(0, free, steps)}{every_tensor}")
    if free < steps:
        left.append(f"losses of {_steps(free, steps, steps)}")
    asking = list(registry.questions())
    by_themselves = [name for name in asking if name in rungs - {schedule.NAME, trajectory.NAME}]
    judged += [f"what is asked by {_listed(by_themselves)}"] if by_themselves else []
    if experiment.rungs:
        judging = {rung.name for rung in registry.of_trainings(experiment.rungs)}
        passed_over = [rung.name for rung in registry.of_trainings() if rung.name not in {*asking, *judging}]
        others = [name for name in asking if name not in experiment.rungs] + passed_over * trains
        left += [f"rungs that were not asked for ({', '.join(others)})"] if others else []
    unsupported = sum(verdict.status == "unsupported" for verdict in verdicts)
    left += [f"{unsupported} checks of what an arm does not support"] if unsupported else []
    if not trains:
        left.append("a whole training, since check makes none")
        return Coverage(tuple(judged), tuple(left))
    if experiment.data.classes is not None:
        alone = " (one arm has nobody to be compared with)" if len(traces) == 1 else ""
        sort(f"test accuracy after the last epoch{alone}", convergence.NAME in rungs)
    if experiment.expected:
        sort("what the experiment expects", expected.NAME in rungs)
    sort("test loss, accuracy and predictions, from the final weights", evaluation.NAME in rungs)
    epochs = max((len(trace.epochs) for trace in traces), default=0)
    left += ["test losses of earlier epochs"] * (epochs > 1 or evaluation.NAME not in rungs)
    return Coverage(tuple(judged), tuple(left))


def _free_steps(experiment: Experiment, steps: int, trains: bool) -> int:
    """How many steps' losses are judged: more where all arms train in float64."""
    strictly = trains and len(experiment.arms) > 1 and all(arm.precision == "float64" for arm in experiment.arms)
    return min(max(STRICT_STEPS * strictly, experiment.comparison.free_steps), steps)


def _listed(names: Sequence[str]) -> str:
    return f"rung{'s' * (len(names) > 1)} {', '.join(names)}"


def _steps(first: int, end: int, whole: int) -> str:
    if end - first == whole:
        return f"all {whole:,} steps"
    return f"steps {first:,} to {end - 1:,} of {whole:,}" if end - first > 1 else f"step {first:,} of {whole:,}"
