"""Times a user's own pair of models: the training steps of both in native code, where the check says they agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import KW_ONLY, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Protocol

import numpy as np

from harness.composition import UserMistake
from harness.composition.measurement import FOUND, SKIPPED, Asked, as_of_pair, asked
from harness.composition.preflight import claimed
from harness.records.failure import Failure
from harness.records.timing import Bench, Row
from harness.results.claim import claim
from harness.results.files import NOT_READ
from harness.results.store import write_text
from harness.results.timings import CHECK
from harness.scenarios.arrangement import Arrangements, arranged_arms
from harness.scenarios.bench import one
from harness.scenarios.bench.credit import credits, latest_below, other_judges, with_credits
from harness.scenarios.bench.process import Preparation
from harness.scenarios.bench.state import ActiveBench
from harness.scenarios.ending import raise_unfinished
from harness.scenarios.pair.start import check_pair
from harness.scenarios.pair.state import PairListener
from harness.spec.arm import Arm
from harness.subjects.pair.batches import draw
from harness.subjects.pair.composing import ComposedPair, compose_pair
from harness.subjects.pair.drawing import BatchesError
from harness.subjects.pair.facts import FACTS, code_digest, read_facts
from harness.subjects.pair.records import PAIR, is_pair, read_pair
from harness.subjects.pair.spec import Pair
from harness.subjects.pair.timed_tasks import TASKS
from harness.subjects.recorded.comparable import differing_specs
from harness.system.stopping import heeding_signals, stopped_again
from harness.worker.machine import this_machine

# Of an arm these change no number that is judged; `differing_specs` compares the rest, `other_judges` the arms.
_OF_TRAINING = set(Pair.model_fields) - {"arms", "batches_timeout_s", "comparison"}


class Presenter(one.Presenter, Protocol):
    """Shows the check of a pair too."""

    def pair_listener(self) -> PairListener: ...

    def page_of(self, folder: Path) -> str: ...


@dataclass
class PairBench(ActiveBench):
    """A bench of the two sides of a pair."""

    _: KW_ONLY
    composed: ComposedPair

    def preparation(self, row: Row) -> Preparation:
        file, function = self.composed.place(self.composed.pair.models[row.adapter].builder)
        return Preparation(TASKS["prepare"], {"file": str(file), "function": function})


def prepare_pair_bench(
    typed: Sequence[str], config_dirs: Sequence[Path], trust: bool = False
) -> tuple[Asked, ComposedPair]:
    """The measuring, and the pair. Raises UserMistake with all mistakes if there are any."""
    question = as_of_pair(asked(typed))
    try:
        composed = compose_pair(question.overrides, config_dirs, trust=trust)
    except UserMistake as mistake:
        raise UserMistake([*question.mistakes, *mistake.mistakes]) from None
    if question.mistakes:
        raise UserMistake(list(question.mistakes))
    return question, composed


def start_pair_bench(composed: ComposedPair, question: Asked, presenter: Presenter) -> int:
    """Runs the bench of a pair and returns the exit code.

    Raises UserMistake, and leaves no folder, where a recorded check is not of this pair, or where the user has to say
    which parameters belong together.
    """
    with np.errstate(all="ignore"), heeding_signals():
        arms, arrangements = arranged_arms(composed.pair.arms, presenter.notice)
        composed = replace(composed, pair=composed.pair.model_copy(update={"arms": arms}))
        root = composed.results_root / composed.pair.name
        source = _source(question, composed, root)
        now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        folder = claimed("bench", composed.out, root / now)
        with closing(presenter.bench_listener()) as listener:
            record = Bench(
                measurement=question.measurement, rows=rows_of_pair(composed, arrangements), machine=this_machine()
            )
            bench = PairBench(arms, folder, listener, record, composed=composed)
            one.carry_out(bench, _beginning(bench, source, question, arrangements, presenter), presenter)
            if bench.unfinished is None or bench.unfinished.can_be_shown:
                listener.end(folder, bench.exit_code, bench.sentence, is_brief=stopped_again())
    return bench.exit_code


def rows_of_pair(composed: ComposedPair, arrangements: Arrangements) -> tuple[Row, ...]:
    """A row for each side."""
    return tuple(
        Row(
            name=arm.name,
            arm=arm.name,
            adapter=arm.adapter,
            mode=arm.mode,
            arrangement=arrangements[arm.name],
            work=_work(composed.pair, arm),
        )
        for arm in composed.pair.arms
    )


def _work(pair: Pair, arm: Arm) -> str:
    optimizer = pair.optimizer.word() if pair.optimizer is not None else "own"
    return (
        f"forward, backward and {optimizer} update of {pair.models[arm.adapter].builder} on one batch of "
        f"{pair.batch_size}, in mode {arm.mode}, from the weights of its builder and with its dropout; the batch is "
        "copied from the host's memory and the loss fetched in each step"
    )


def _source(question: Asked, composed: ComposedPair, root: Path) -> Path | None:
    """The folder with the verdicts; None where the rungs are to be climbed, or are not to be."""
    if isinstance(question.check, Path):
        if found := misfits(question.check, composed):
            raise UserMistake([f"check={question.check}: its verdicts are not of this pair: {why}" for why in found])
        return question.check
    folders = latest_below(root) if question.check == FOUND else []
    return next((folder for folder in folders if not misfits(folder, composed)), None)


def misfits(folder: Path, composed: ComposedPair) -> list[str]:
    """Why the verdicts recorded in a folder do not count for this pair, whose arms are arranged; empty if they do."""
    if not is_pair(folder):
        return [f"{folder}: it is no check of a pair"]
    recorded = read_pair(folder)
    if recorded.run.state != "complete" or recorded.run.all_failures or recorded.pair is None:
        why = [str(failure) for failure in recorded.run.all_failures[:1]] or ["it is no complete check"]
        return [f"{folder}: {why[0]}"]
    found = differing_specs(recorded.pair, composed.pair, _OF_TRAINING)
    try:
        is_other_code = read_facts(folder / FACTS).code_digest != code_digest(composed)
    except NOT_READ as error:
        return [f"{folder}: {' '.join(str(error).split())[:200]}"]
    if is_other_code:
        found.append("the files that it names, or .py files beside them, are not those that were checked")
    if recorded.pair.rungs:
        found.append(f"only some rungs were climbed: {', '.join(recorded.pair.rungs)}")
    return [*found, *other_judges(recorded.run, composed.pair.arms)]


def _beginning(
    bench: PairBench, source: Path | None, question: Asked, arrangements: Arrangements, presenter: Presenter
) -> Callable[[], None]:
    """What finds the parity, and then shares the pair and its batches with the workers."""

    def begin() -> None:
        pair = bench.composed.pair
        write_text(bench.folder / PAIR, pair.model_dump_json(indent=2) + "\n")
        bench.listener.pair(bench.composed, bench.rows)
        if question.check == SKIPPED:
            by_arm = one.without_credit(pair.arms)
        else:
            by_arm = credits(source or _climbed(bench, arrangements, presenter), pair.arms)
        bench.update(rows=with_credits(bench.rows, by_arm, by_arm))
        bench.listener.credited(bench.rows)
        bench.scratch.mkdir()
        write_text(bench.scratch / PAIR, bench.composed.located().model_dump_json())
        bench.listener.stage("batches")
        try:
            draw(bench.composed, bench.scratch / "batches.npz", bench.folder / "batches.log")
        except BatchesError as error:
            _fail(bench, str(error))

    return begin


def _climbed(bench: PairBench, arrangements: Arrangements, presenter: Presenter) -> Path:
    """Climbs the rungs, as `check` does, in a folder within that of the bench."""
    folder = bench.folder / CHECK
    claim(folder, "check")
    with closing(presenter.pair_listener()) as listener:
        run = check_pair(bench.composed, arrangements, folder, listener, presenter.page_of)
    raise_unfinished(run.unfinished)
    return folder


def _fail(bench: PairBench, message: str) -> None:
    """Records that no row can be timed."""
    failure = Failure(symptom="exception", stage="batches", message=message)
    for row in bench.rows:
        bench.add_failure(row, failure)
    bench.update(ended="failed")
