"""Finds or makes the bench that a test asks for, and hands the times of one of its rows to pytest-benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

from harness.cli.verbs import bench
from harness.composition import UserMistake
from harness.composition.mistakes import no_such, shown
from harness.pytest_plugin.benchmarks import FIXTURE, SAVED, RecordedClock
from harness.pytest_plugin.question import Question, mistakes_fail, question_of, run_verb
from harness.pytest_plugin.row_facts import facts
from harness.records.exit_codes import EXIT_CODES
from harness.results.timings import Timings
from harness.subjects.bench.outcome import limits
from harness.subjects.bench.summary import RowSummary, summaries
from harness.subjects.gate.side import SideError, read_side
from harness.worker.machine import this_machine

WITHOUT_CREDIT_IS = ("fail", "skip", "record")
KEYWORDS = ("experiment", "arms", "overrides", "config_dir", "out", "trust")
COUNTED = ("agrees", "known")
REPORT = "report.md"
# The benches that were timed in this session: tests of several rows of one bench share it.
BENCHES = pytest.StashKey[dict[Question, Path]]()


class BenchmarkRow:
    """What the fixture is: called once, it hands the times of one row to pytest-benchmark."""

    def __init__(
        self, item: pytest.Item, benchmark: Any, clock: RecordedClock, folders: pytest.TempPathFactory
    ) -> None:
        self._item, self._benchmark, self._clock, self._folders = item, benchmark, clock, folders

    def __call__(
        self,
        *,
        row: str | None = None,
        folder: str | Path | None = None,
        experiment: str | None = None,
        arms: Sequence[str | Mapping[str, Any]] | None = None,
        overrides: Sequence[str] | None = None,
        config_dir: str | Path | Sequence[str | Path] | None = None,
        out: str | Path | None = None,
        trust: bool | None = None,
        without_credit: str = "fail",
    ) -> RowSummary:
        """Times a row by `twinrun bench`, or takes it from `folder`, a recorded bench.

        Args:
            row: its name; not needed where the bench has one row.
            folder: of a bench on this machine; no keyword of `twinrun bench` is given then.
            experiment, arms, overrides, config_dir, out, trust: as of the marker `parity`. Tests of one session that
                ask the same are given one bench.
            without_credit: `fail` or `skip` where the time does not count, or `record` it all the same.

        Returns the row with its intervals, phases and memory. The test fails where there is nothing to record.
        """
        stated = dict(zip(KEYWORDS, (experiment, arms, overrides, config_dir, out, trust), strict=True))
        beside = self._item.path.parent
        with mistakes_fail(FIXTURE):
            asked = _asked(stated, folder, without_credit, beside)
            place = self._timed(asked) if folder is None else beside / Path(folder).expanduser()
            summary = _row_of(_timings(place), row)
        if summary.status not in COUNTED and without_credit != "record":
            end = pytest.skip if without_credit == "skip" else _fail
            end(f"{limits(summary)}\nreport: {place / REPORT}")
        seconds = [summary.timings.median_step_s(process.number) for process in summary.processes]
        if not seconds:
            _fail(f"{limits(summary)}; no process was timed to its end\nreport: {place / REPORT}")
        self._benchmark.extra_info[SAVED] = facts(summary, place)
        self._clock.load(seconds)
        self._benchmark.pedantic(self._clock.advance, setup=self._clock.begin, rounds=len(seconds), iterations=1)
        return summary

    def _timed(self, asked: Question) -> Path:
        """The folder of the bench, which is timed where no test of this session has asked the same before."""
        benches = self._item.config.stash.setdefault(BENCHES, {})
        if asked not in benches:
            folder = asked.out or self._folders.mktemp("bench") / "bench"
            code = run_verb(bench.VERB, asked, folder)
            if not folder.is_dir():
                _fail(f"twinrun ended with exit code {code}: {EXIT_CODES[code]}")
            benches[asked] = folder
        return benches[asked]


def _asked(stated: Mapping[str, Any], folder: str | Path | None, without_credit: str, beside: Path) -> Question:
    """What is to be timed. Raises UserMistake with all mistakes."""
    mistakes = []
    if folder is not None and any(value is not None for value in stated.values()):
        mistakes.append("folder: it is a recorded bench; leave out the keywords that describe one to be timed")
    if without_credit not in WITHOUT_CREDIT_IS:
        mistakes.append(no_such(f"without_credit: given {shown(without_credit)}", without_credit, WITHOUT_CREDIT_IS))
    try:
        question = question_of(stated, KEYWORDS, beside)
    except UserMistake as mistake:
        raise UserMistake([*mistakes, *mistake.mistakes]) from None
    if any(text.startswith("sweep=") for text in question.overrides):
        mistakes.append("overrides: a sweep is several benches; give the value of its key")
    if mistakes:
        raise UserMistake(mistakes)
    return question


def _timings(folder: Path) -> Timings:
    """The times of a bench that is whole and of this machine. Raises UserMistake where there are none."""
    try:
        timings = read_side(folder).timings
    except SideError as error:
        raise UserMistake([f"{folder}: {reason}" for reason in error.reasons]) from None
    if timings is None:
        raise UserMistake([f"{folder}: it is no bench"])
    machine = timings.bench.machine
    if machine is None:
        raise UserMistake([f"{folder}: the machine was not recorded"])
    if differences := this_machine().differences(machine):
        raise UserMistake([f"{folder}: it was timed on another machine; here and there: {'; '.join(differences)}"])
    return timings


def _row_of(timings: Timings, name: str | None) -> RowSummary:
    rows = {summary.row.name: summary for summary in summaries(timings)}
    if name is None and len(rows) == 1:
        return next(iter(rows.values()))
    if name not in rows:
        raise UserMistake([no_such(f"row: given {shown(name)}", name, rows)])
    return rows[name]


def _fail(text: str) -> NoReturn:
    pytest.fail(text, pytrace=False)
