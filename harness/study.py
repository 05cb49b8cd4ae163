"""A study: variants of one experiment, run side by side, and what must hold between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import outcome
from harness.parity.verdict import Verdict
from harness.results.store import VERDICT_COLUMNS, write_parquet
from harness.results.trace import Trace
from harness.run import Run
from harness.spec.expectations import Ordering

NAME = "study"


@dataclass(frozen=True)
class Study:
    """The runs of all variants, in order, and the folder that holds theirs."""

    name: str
    runs: Sequence[Run]
    orderings: Sequence[Ordering]
    folder: Path

    def verdicts(self) -> list[Verdict]:
        """What holds between the variants; nothing of one that was cut short, or not run to its end."""
        whole = [run for run in self.runs if run.experiment.training.max_steps is None]
        by_variant = {run.experiment.variant: run for run in whole}
        found = []
        for ordering in self.orderings:
            pair = [by_variant.get(name) for name in (ordering.better, ordering.than)]
            better, worse = pair
            if better is None or worse is None:
                continue
            for arm, trace in better.traces.items():
                other = worse.traces.get(arm)
                if trace.finished and other is not None and other.finished:
                    found.append(_judged(ordering, trace, other))
        return found

    def write(self, verdicts: Sequence[Verdict]) -> None:
        """`summary.parquet`: a row for every variant and arm; `verdicts.parquet`: what holds between the variants."""
        rows = [
            {"variant": run.experiment.variant, **trace.summary()} for run in self.runs for trace in run.traces.values()
        ]
        write_parquet(self.folder / "summary.parquet", rows, tuple(rows[0]))
        write_parquet(self.folder / "verdicts.parquet", [v.model_dump() for v in verdicts], VERDICT_COLUMNS)

    def exit_code(self, verdicts: Sequence[Verdict]) -> int:
        """The gravest thing that happened in any variant or between them."""
        every = [*verdicts, *(verdict for run in self.runs for verdict in run.verdicts)]
        return outcome.exit_code(every, [trace for run in self.runs for trace in run.traces.values()])


def _judged(ordering: Ordering, better: Trace, worse: Trace) -> Verdict:
    values = [MEASURES[ordering.measure](trace) for trace in (better, worse)]
    first, second = values
    sign = -1 if ordering.measure == "test_loss" else 1
    met = first is not None and second is not None and sign * (first - second) >= ordering.by
    shown = " against ".join("nothing" if value is None else f"{value:.4g}" for value in values)
    return Verdict(
        rung=NAME,
        subject=f"{ordering.measure} of {ordering.better} at least {ordering.by:g} better than of {ordering.than}",
        arm_a=better.arm.name,
        status="agrees" if met else "diverges",
        value_a=first,
        value_b=second,
        tolerance_source="the study's ordering",
        cause=shown,
    )


def accuracy(trace: Trace) -> float | None:
    """The test accuracy after the last epoch."""
    return trace.epochs[-1].test_accuracy


def test_loss(trace: Trace) -> float | None:
    """The test loss after the last epoch."""
    return trace.epochs[-1].test_loss


def first_to_last_gradient(trace: Trace) -> float | None:
    """The gradient norm of the first layer over that of the last, before the first update."""
    norms = trace.epochs[0].gradient_norms
    if not norms:
        return None
    first, *_, last = [lengths[0] for lengths in norms.values()]
    return first / last


MEASURES = {"accuracy": accuracy, "test_loss": test_loss, "first_to_last_gradient": first_to_last_gradient}
