"""A study: variants of one experiment, each over one or more seeds, and what must hold between them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from harness.data import Dataset
from harness.judging.flips import MOST_SHOWN, by_image, flipped
from harness.judging.silence import NO_TRAINING, silent_rung
from harness.records import exit_codes, outcome
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.results.store import FLIPPED_IMAGES, VERDICT_COLUMNS, Store, write_frame, write_parquet, write_text
from harness.rungs import convergence, registry
from harness.rungs.convergence_over_seeds import Paired, TrainingsAt, compare_seeds, seeds_in_words
from harness.rungs.rung import Trainings
from harness.scenarios.study_orderings import NAME as NAME
from harness.scenarios.study_orderings import ordering_verdict
from harness.spec.expectations import Ordering
from harness.spec.experiment import Experiment
from harness.system.array_files import Arrays, save_arrays

STUDY = "study.json"
SCHEMA_VERSION = 1  # of study.json
SPREAD_COLUMNS = ("variant", "arm_a", "seed_a", "arm_b", "seed_b", "flips", "images")


class StudiedRun(Protocol):
    """What a study needs of a run: one that ends now, or one that was recorded. Only writing needs the data."""

    @property
    def experiment(self) -> Experiment: ...

    @property
    def data(self) -> Dataset: ...

    @property
    def store(self) -> Store: ...

    @property
    def traces(self) -> Mapping[str, Trace]: ...

    @property
    def verdicts(self) -> Sequence[Verdict]: ...

    @property
    def flips(self) -> pd.DataFrame | None: ...

    @property
    def unfinished(self) -> outcome.Unfinished | None: ...

    def trainings(self) -> Trainings | None:
        """The records by which a culprit can be named; None where the reference cannot run."""


@dataclass(frozen=True)
class Study:
    """The runs of all variants and seeds, in order, and the folder that holds their folders."""

    name: str
    runs: Sequence[StudiedRun]
    orderings: Sequence[Ordering]
    folder: Path

    @cached_property
    def by_variant(self) -> dict[str, list[StudiedRun]]:
        """The runs of each variant, one for each seed. An experiment without variants has one, named ''."""
        runs_by_variant: dict[str, list[StudiedRun]] = {}
        for run in self.runs:
            runs_by_variant.setdefault(run.experiment.variant or "", []).append(run)
        return runs_by_variant

    @property
    def several_seeds(self) -> bool:
        """Whether some variant has more than one run."""
        return any(len(runs) > 1 for runs in self.by_variant.values())

    @cached_property
    def arm_pairs(self) -> dict[str, list[Paired]]:
        """By variant, every two arms over its seeds. A variant with one seed, or without `convergence`, is left out."""
        pairs_by_variant = {}
        for variant, runs in self.by_variant.items():
            if len(runs) > 1 and convergence.RUNG in registry.of_trainings(runs[0].experiment.rungs):
                by_seed = {run.experiment.seed: list(run.traces.values()) for run in runs}
                subject = f"{variant}: " if variant else ""
                subject += f"test_accuracy over {seeds_in_words(list(by_seed))}"
                pairs_by_variant[variant] = compare_seeds(runs[0].experiment, by_seed, subject, _trainings_of(runs))
        return pairs_by_variant

    def verdicts(self) -> list[Verdict]:
        """The verdicts on whether the arms end equally well over the seeds, then those on the orderings of variants."""
        return [verdict for variant in self.arm_pairs for verdict in self._over_seeds(variant)] + self._orderings()

    def _over_seeds(self, variant: str) -> list[Verdict]:
        """The verdicts on one variant. It is unverified where `convergence` was chosen by name and compares nothing."""
        pairs = self.arm_pairs[variant]
        if not pairs and convergence.NAME in self.by_variant[variant][0].experiment.rungs:
            return [silent_rung(convergence.NAME, NO_TRAINING)]
        return [paired.verdict for paired in pairs]

    def _orderings(self) -> list[Verdict]:
        """The verdicts on the orderings. Runs that were limited by `max_steps` or not finished are left out."""
        full_runs = [run for run in self.runs if run.experiment.training.max_steps is None]
        names = {run.experiment.variant for run in full_runs}
        verdicts = []
        for ordering in self.orderings:
            if not {ordering.better, ordering.than} <= names:
                continue
            better, worse = (self.by_variant[name] for name in (ordering.better, ordering.than))
            for arm in better[0].traces:
                trace_pairs = [
                    (run.traces[arm], other.traces.get(arm)) for run, other in zip(better, worse, strict=False)
                ]
                finished_pairs = [(a, b) for a, b in trace_pairs if a.finished and b is not None and b.finished]
                if finished_pairs:
                    verdicts.append(ordering_verdict(ordering, finished_pairs))
        return verdicts

    @cached_property
    def flips(self) -> pd.DataFrame:
        """A row for each run and test image that two arms classify differently, with `variant` and `seed`."""
        parts = [
            run.flips.assign(variant=run.experiment.variant or "", seed=run.experiment.seed)
            for run in self.runs
            if run.flips is not None
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    @cached_property
    def spread(self) -> pd.DataFrame:
        """The number of test images that flip between two arms at a seed, and between two seeds of an arm.

        It has `SPREAD_COLUMNS`. The flips between seeds come from other weights and batches alone; they are the measure
        for the flips between arms.
        """
        rows = [row for variant, runs in self.by_variant.items() for row in _spread_rows(variant, runs)]
        return pd.DataFrame(rows, columns=list(SPREAD_COLUMNS))

    def write(self, verdicts: Sequence[Verdict]) -> None:
        """Writes the records of the study.

        `study.json`: its name, the folders of its runs, in order, and its orderings. `summary.parquet`: a row for
        every run and arm. `verdicts.parquet`: the verdicts over seeds and variants.

        Over several seeds also `convergence.parquet`, the statistics of every two arms; `flips.parquet`, a row for
        every flipped test image; `spread.parquet`, the number of flips between any two runs that are compared;
        `flips.npz`, the pictures that are shown: `<variant>/image` (K, H, W, C), and the `<variant>/index` of each.
        """
        places = [run.store.folder.relative_to(self.folder).as_posix() for run in self.runs]
        record = {
            "schema_version": SCHEMA_VERSION,
            "name": self.name,
            "runs": places,
            "orderings": [ordering.model_dump() for ordering in self.orderings],
        }
        write_text(self.folder / STUDY, json.dumps(record, indent=2) + "\n")
        rows = self.summary_rows()
        write_parquet(self.folder / "summary.parquet", rows, tuple(rows[0]))
        write_parquet(self.folder / "verdicts.parquet", [v.model_dump() for v in verdicts], VERDICT_COLUMNS)
        if self.several_seeds:
            for name, table in self.tables().items():
                write_frame(self.folder / f"{name}.parquet", table)
            if not self.flips.empty:
                save_arrays(self.folder / FLIPPED_IMAGES, self._shown_images())

    def summary_rows(self) -> list[dict[str, Any]]:
        """A row for every run and arm."""
        return [
            {"variant": run.experiment.variant, "seed": run.experiment.seed, **trace.summary()}
            for run in self.runs
            for trace in run.traces.values()
        ]

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables over several seeds, by name. Where targets are values, not labels, there are no flips to tell."""
        rows_of_pairs = [
            {"variant": variant, "arm_a": pair.arm_a, "arm_b": pair.arm_b}
            | {**asdict(pair.equivalence), "pairs_advised": pair.equivalence.pairs_advised}
            for variant, pairs in self.arm_pairs.items()
            for pair in pairs
        ]
        tables = {"convergence": pd.DataFrame(rows_of_pairs), "flips": self.flips, "spread": self.spread}
        return {name: table for name, table in tables.items() if len(table.columns)}

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
        """Why the study was not finished; None where all its runs were."""
        return next((run.unfinished for run in self.runs if run.unfinished is not None), None)

    def exit_code(self, verdicts: Sequence[Verdict]) -> int:
        """The exit code of the gravest verdict or failure, in any run or between them."""
        return outcome.exit_code(*self._verdicts_and_traces(verdicts), self.unfinished)

    def sentence(self, verdicts: Sequence[Verdict]) -> str:
        """The outcome in one line."""
        return in_one_sentence(self.name, len(self.runs), *self._verdicts_and_traces(verdicts), self.unfinished)

    def _verdicts_and_traces(self, verdicts: Sequence[Verdict]) -> tuple[list[Verdict], list[Trace]]:
        """The verdicts of all runs, then those between them, and all traces."""
        all_verdicts = [*(verdict for run in self.runs for verdict in run.verdicts), *verdicts]
        return all_verdicts, [trace for run in self.runs for trace in run.traces.values()]


def in_one_sentence(
    name: str, count: int, verdicts: list[Verdict], traces: list[Trace], unfinished: outcome.Unfinished | None
) -> str:
    """The outcome of a study of `count` runs. `verdicts` and `traces`: those of all runs, and the study's own."""
    if outcome.exit_code(verdicts, traces, unfinished) == exit_codes.AGREES:
        arms = dict.fromkeys(trace.arm.name for trace in traces)
        return f"AGREES: {' and '.join(arms)} in {count} run{'s' * (count > 1)} of {name}"
    return outcome.in_one_line(verdicts, traces, unfinished)


def often_flipped(flips: pd.DataFrame) -> pd.DataFrame:
    """For each variant, two arms and image, at how many seeds it flips (see `by_image`), the most often first."""
    parts = []
    for key, rows in flips.groupby(["variant", "arm_a", "arm_b"], sort=False):
        variant, a, b = map(str, key)
        parts.append(by_image(rows).assign(variant=variant, arm_a=a, arm_b=b))
    return pd.concat(parts, ignore_index=True).sort_values("flips", ascending=False, kind="stable")


def image_key(variant: str, array: str) -> str:
    """The name of an array of `flips.npz`."""
    return f"{variant}/{array}" if variant else array


def _trainings_of(runs: Sequence[StudiedRun]) -> TrainingsAt:
    """The function that reads the records of the run at a seed."""
    run_at = {run.experiment.seed: run for run in runs}
    return lambda seed: run_at[seed].trainings()


def _spread_rows(variant: str, runs: Sequence[StudiedRun]) -> Iterator[tuple[object, ...]]:
    """The rows of `Study.spread` for one variant."""
    predictions: dict[tuple[str, int], Arrays] = {}
    for run in runs:
        finished = [name for name, trace in run.traces.items() if trace.finished]
        predictions |= {
            (arm, run.experiment.seed): arrays for arm, arrays in run.store.read_predictions(finished).items()
        }
    for (first, predicted_a), (second, predicted_b) in combinations(predictions.items(), 2):
        (arm_a, seed_a), (arm_b, seed_b) = first, second
        if arm_a == arm_b or seed_a == seed_b:
            count = len(flipped(predicted_a, predicted_b))
            yield variant, arm_a, seed_a, arm_b, seed_b, count, len(predicted_a["label"])
