"""Runs `bench`: one experiment, or one for each value of a key that is swept."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from harness.composition.measurement import Asked
from harness.composition.preflight import claimed, refuse_too_large
from harness.composition.timed import Point
from harness.records.exit_codes import AGREES, CRASHED, DIVERGES, INTERRUPTED, UNVERIFIED
from harness.results.claim import claim
from harness.results.marker import Marker, complete
from harness.results.scalings import ScalingRecord, place_of, write_scaling
from harness.results.store import run_folder
from harness.scenarios.arrangement import arranged_study
from harness.scenarios.bench import one
from harness.scenarios.bench.one import run_bench
from harness.scenarios.bench.state import ActiveBench, BenchListener
from harness.scenarios.ending import report_unfinished, unfinished_by
from harness.system.stopping import heeding_signals, shielded

GRAVEST = (INTERRUPTED, CRASHED, DIVERGES, UNVERIFIED, AGREES)


class Presenter(one.Presenter, Protocol):
    """Shows scalings too."""

    def bench_listener(self, part: str = "") -> BenchListener:
        """`part`: of a scaling, `KEY=VALUE`; the outcome of a scaling is told at its end."""

    def write_scaling_report(self, folder: Path) -> None: ...

    def show_scaling(self, folder: Path, exit_code: int, sentence: str) -> None: ...


def start_bench(points: Sequence[Point], asked: Asked, presenter: Presenter) -> int:
    """Runs a bench, or a scaling, and returns the exit code. Raises UserMistake where something cannot be timed."""
    with np.errstate(all="ignore"), heeding_signals():
        for point in points:
            refuse_too_large(point.study)
        if asked.sweep is None:
            return _timed(points[0], None, asked, presenter).exit_code
        return _scaling(points, asked, presenter)


def _timed(point: Point, folder: Path | None, asked: Asked, presenter: Presenter, part: str = "") -> ActiveBench:
    study, (arrangements, *_) = arranged_study(point.study.at_first_seeds(), presenter.notice)
    with closing(presenter.bench_listener(part)) as listener:
        return run_bench(study.first, point.data, folder, asked, presenter, listener, arrangements)


def _scaling(points: Sequence[Point], asked: Asked, presenter: Presenter) -> int:
    """A bench for each value, in a folder of its own, with an equal share of the budget."""
    assert asked.sweep is not None
    first = points[0].study.first
    folder = claimed("bench", first.out, run_folder(first.results_root, first.experiment, "scaling"))
    record = ScalingRecord(key=asked.sweep.key, values=asked.sweep.values)
    write_scaling(folder, record)
    share_s = asked.measurement.budget_s / len(points)
    shared = replace(asked, measurement=asked.measurement.model_copy(update={"budget_s": share_s}))
    benches: dict[str, ActiveBench] = {}
    for number, point in enumerate(points):
        place = place_of(number)
        claim(folder / place, "bench")
        benches[place] = _timed(point, folder / place, shared, presenter, f"{record.key}={record.values[number]}")
        if benches[place].unfinished is not None:
            break
    code, sentence = scaling_outcome(record, [bench.exit_code for bench in benches.values()])
    unfinished = next((bench.unfinished for bench in benches.values() if bench.unfinished), None)
    if unfinished is not None:
        code, sentence = unfinished.exit_code, list(benches.values())[-1].sentence
    with shielded():
        try:
            if unfinished is None:
                runs = {place: bench.folder for place, bench in benches.items()}
                complete(folder, Marker.of("bench", code, sentence), runs)
        except OSError as error:
            report_unfinished(unfinished_by(error, folder), error, folder)
        with suppress(*([OSError] if unfinished else [])):
            presenter.write_scaling_report(folder)
    if unfinished is None or unfinished.can_be_shown:
        presenter.show_scaling(folder, code, sentence)
    return code


def scaling_outcome(record: ScalingRecord, codes: Sequence[int]) -> tuple[int, str]:
    """The exit code of a scaling, and its sentence, from the exit codes of its benches."""
    code = next(code for code in GRAVEST if code in {*codes, AGREES})
    return code, f"{'TIMED' if code == AGREES else 'UNVERIFIED'}: {len(record.values)} values of {record.key}"
