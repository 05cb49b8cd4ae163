"""A study: variants of one experiment, each over one or more seeds, and what must hold between them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from statistics import fmean

import numpy as np
import pandas as pd

from harness.judging.flips import MOST_SHOWN, by_image, flipped
from harness.judging.silence import NO_TRAINING, silent_rung
from harness.records import exit_codes, outcome
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.results.store import FLIPPED_IMAGES, VERDICT_COLUMNS, write_frame, write_parquet, write_text
from harness.rungs import convergence, registry
from harness.rungs.convergence import Paired, compare_seeds, seeds_in_words
from harness.scenarios.run import Run
from harness.spec.expectations import Ordering
from harness.system.array_files import Arrays, save_arrays

NAME = "study"
STUDY = "study.json"
SCHEMA_VERSION = 1  # of study.json
SPREAD_COLUMNS = ("variant", "arm_a", "seed_a", "arm_b", "seed_b", "flips", "images")


@dataclass(frozen=True)
class Study:
    """The runs of all variants and seeds, in order, and the folder that holds theirs."""

    name: str
    runs: Sequence[Run]
    orderings: Sequence[Ordering]
    folder: Path

    @cached_property
    def by_variant(self) -> dict[str, list[Run]]:
        """The runs of each variant, one for each seed; the one variant of an experiment without any is ''."""
        found: dict[str, list[Run]] = {}
        for run in self.runs:
            found.setdefault(run.experiment.variant or "", []).append(run)
        return found

    @property
    def several_seeds(self) -> bool:
        return any(len(runs) > 1 for runs in self.by_variant.values())

    @cached_property
    def compared(self) -> dict[str, list[Paired]]:
        """By variant, every two arms over its seeds; nothing of one with one seed, or that leaves `convergence` out."""
        found = {}
        for variant, runs in self.by_variant.items():
            if len(runs) > 1 and convergence.RUNG in registry.of_trainings(runs[0].experiment.rungs):
                by_seed = {run.experiment.seed: list(run.traces.values()) for run in runs}
                subject = f"{variant}: " if variant else ""
                subject += f"test_accuracy over {seeds_in_words(list(by_seed))}"
                found[variant] = compare_seeds(runs[0].experiment, by_seed, subject)
        return found

    def verdicts(self) -> list[Verdict]:
        """Whether the arms end equally well over the seeds, and what holds between the variants."""
        return [verdict for variant in self.compared for verdict in self._over_seeds(variant)] + self._orderings()

    def _over_seeds(self, variant: str) -> list[Verdict]:
        """Where `convergence` was chosen by name and there is nothing to compare, that is unverified."""
        compared = self.compared[variant]
        if not compared and convergence.NAME in self.by_variant[variant][0].experiment.rungs:
            return [silent_rung(convergence.NAME, NO_TRAINING)]
        return [paired.verdict for paired in compared]

    def _orderings(self) -> list[Verdict]:
        """Nothing of a variant that was cut short, or not run to its end."""
        whole = [run for run in self.runs if run.experiment.training.max_steps is None]
        names = {run.experiment.variant for run in whole}
        found = []
        for ordering in self.orderings:
            if not {ordering.better, ordering.than} <= names:
                continue
            better, worse = (self.by_variant[name] for name in (ordering.better, ordering.than))
            for arm in better[0].traces:
                pairs = [(run.traces[arm], other.traces.get(arm)) for run, other in zip(better, worse, strict=False)]
                both = [(a, b) for a, b in pairs if a.finished and b is not None and b.finished]
                if both:
                    found.append(_judged(ordering, both))
        return found

    @cached_property
    def flips(self) -> pd.DataFrame:
        """Of every run, the test images that two arms see differently, with `variant` and `seed`."""
        parts = [
            run.flips.assign(variant=run.experiment.variant or "", seed=run.experiment.seed)
            for run in self.runs
            if run.flips is not None
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    @cached_property
    def spread(self) -> pd.DataFrame:
        """`SPREAD_COLUMNS`: how many test images flip between two arms at a seed, and between two seeds of an arm.

        The latter is what other weights and other batches do, and what the former is to be measured by.
        """
        rows = [row for variant, runs in self.by_variant.items() for row in _spread_of(variant, runs)]
        return pd.DataFrame(rows, columns=list(SPREAD_COLUMNS))

    def write(self, verdicts: Sequence[Verdict]) -> None:
        """`study.json`: its name and the places of its runs, in order; `summary.parquet`: a row for every run and arm;
        `verdicts.parquet`: what holds over seeds and variants.

        Over several seeds also `convergence.parquet`, the statistics of every two arms; `flips.parquet`, a row for
        every flipped test image; `spread.parquet`, the number of flips between any two runs that are compared;
        `flips.npz`, the pictures that are shown: `<variant>/image` (K, H, W, C), and the `<variant>/index` of each.
        """
        places = [run.store.folder.relative_to(self.folder).as_posix() for run in self.runs]
        record = {"schema_version": SCHEMA_VERSION, "name": self.name, "runs": places}
        write_text(self.folder / STUDY, json.dumps(record, indent=2) + "\n")
        rows = [
            {"variant": run.experiment.variant, "seed": run.experiment.seed, **trace.summary()}
            for run in self.runs
            for trace in run.traces.values()
        ]
        write_parquet(self.folder / "summary.parquet", rows, tuple(rows[0]))
        write_parquet(self.folder / "verdicts.parquet", [v.model_dump() for v in verdicts], VERDICT_COLUMNS)
        if self.several_seeds:
            found = [
                {"variant": variant, "arm_a": each.arm_a, "arm_b": each.arm_b}
                | {**asdict(each.equivalence), "pairs_advised": each.equivalence.pairs_advised}
                for variant, compared in self.compared.items()
                for each in compared
            ]
            tables = {"convergence": pd.DataFrame(found), "flips": self.flips, "spread": self.spread}
            for name, table in tables.items():
                if len(table.columns):  # where values are predicted there is nothing to tabulate
                    write_frame(self.folder / f"{name}.parquet", table)
            if not self.flips.empty:
                save_arrays(self.folder / FLIPPED_IMAGES, self._shown_images())

    def _shown_images(self) -> Arrays:
        images = {run.experiment.variant or "": run.data.x_test for run in self.runs}
        shown: Arrays = {}
        for variant, rows in often_flipped(self.flips).head(MOST_SHOWN).groupby("variant", sort=False):
            index = np.unique(rows["index"].to_numpy(np.int64))
            name = str(variant)
            shown |= {image_key(name, "index"): index, image_key(name, "image"): images[name][index]}
        return shown

    @property
    def unfinished(self) -> outcome.Unfinished | None:
        """Why the study did not come to its end; None where all its runs did."""
        return next((run.unfinished for run in self.runs if run.unfinished is not None), None)

    def exit_code(self, verdicts: Sequence[Verdict]) -> int:
        """The gravest thing that happened in any variant or between them."""
        return outcome.exit_code(*self._everything(verdicts), self.unfinished)

    def sentence(self, verdicts: Sequence[Verdict]) -> str:
        """The outcome in one line."""
        return in_one_sentence(self.name, len(self.runs), *self._everything(verdicts), self.unfinished)

    def _everything(self, verdicts: Sequence[Verdict]) -> tuple[list[Verdict], list[Trace]]:
        """The verdicts of all runs, then those between them, and all traces."""
        every = [*(verdict for run in self.runs for verdict in run.verdicts), *verdicts]
        return every, [trace for run in self.runs for trace in run.traces.values()]


def in_one_sentence(
    name: str, count: int, verdicts: list[Verdict], traces: list[Trace], unfinished: outcome.Unfinished | None
) -> str:
    """The outcome of a study of `count` runs, by the verdicts of all runs and between them, and all traces."""
    if outcome.exit_code(verdicts, traces, unfinished) == exit_codes.AGREES:
        arms = dict.fromkeys(trace.arm.name for trace in traces)
        return f"AGREES: {' and '.join(arms)} in {count} run{'s' * (count > 1)} of {name}"
    return outcome.in_one_line(verdicts, traces, unfinished)


def often_flipped(flips: pd.DataFrame) -> pd.DataFrame:
    """`flips` by variant, two arms and image: at how many seeds each flips (see `by_image`), the most often first."""
    parts = []
    for key, rows in flips.groupby(["variant", "arm_a", "arm_b"], sort=False):
        variant, a, b = map(str, key)
        parts.append(by_image(rows).assign(variant=variant, arm_a=a, arm_b=b))
    return pd.concat(parts, ignore_index=True).sort_values("flips", ascending=False, kind="stable")


def image_key(variant: str, what: str) -> str:
    """The name of an array of `flips.npz`."""
    return f"{variant}/{what}" if variant else what


def _spread_of(variant: str, runs: Sequence[Run]) -> Iterator[tuple[object, ...]]:
    """The rows of one variant's runs."""
    said: dict[tuple[str, int], Arrays] = {}
    for run in runs:
        finished = [name for name, trace in run.traces.items() if trace.finished]
        said |= {(arm, run.experiment.seed): each for arm, each in run.store.read_predictions(finished).items()}
    for (one, each), (other, another) in combinations(said.items(), 2):
        (arm_a, seed_a), (arm_b, seed_b) = one, other
        if arm_a == arm_b or seed_a == seed_b:
            yield variant, arm_a, seed_a, arm_b, seed_b, len(flipped(each, another)), len(each["label"])


def _judged(ordering: Ordering, pairs: Sequence[tuple[Trace, Trace]]) -> Verdict:
    """Over several seeds, of the means."""
    measured = [[MEASURES[ordering.measure](trace) for trace in side] for side in zip(*pairs, strict=True)]
    values = [None if None in side else fmean(value for value in side if value is not None) for side in measured]
    first, second = values
    sign = -1 if ordering.measure == "test_loss" else 1
    met = first is not None and second is not None and sign * (first - second) >= ordering.by
    shown = " against ".join("nothing" if value is None else f"{value:.4g}" for value in values)
    return Verdict(
        rung=NAME,
        subject=f"{ordering.measure} of {ordering.better} at least {ordering.by:g} better than of {ordering.than}",
        arm_a=pairs[0][0].arm.name,
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
