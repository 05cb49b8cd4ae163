"""Times one experiment: looks for the parity or climbs the ladder, times the rows, writes and shows them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

import adapters
from harness.composition import Composed, UserMistake
from harness.composition.measurement import FOUND, SKIPPED, Asked
from harness.composition.preflight import claimed
from harness.data import Dataset
from harness.plan import Plan
from harness.records.interpreter import Interpreter
from harness.records.timing import Bench, Credit, Row, base_name
from harness.records.verdict import Verdict
from harness.results.claim import claim
from harness.results.marker import Marker, complete
from harness.results.store import Store, run_folder
from harness.results.timings import BASE_CHECK, CHECK
from harness.scenarios import phases, run
from harness.scenarios.arrangement import Arrangements
from harness.scenarios.bench.credit import credits, misfits, recorded_check, with_credits
from harness.scenarios.bench.rounds import time_rows
from harness.scenarios.bench.state import ActiveBench, BenchListener, ExperimentBench
from harness.scenarios.ending import raise_unfinished, report_unfinished, unfinished_by
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.subjects.bench import outcome
from harness.system.stopping import shielded, stopped_again
from harness.worker.interpreter import this_interpreter
from harness.worker.machine import this_machine
from harness.worker.sharing import share


class Presenter(Protocol):
    """Shows benches and writes their pages; `harness.report.presented` has one."""

    def bench_listener(self) -> BenchListener: ...

    def run_listener(self, is_part: bool = False) -> run.RunListener:
        """`is_part`: of a bench, which tells what runs."""

    def write_report(self, folder: Path) -> None: ...

    def write_bench_report(self, folder: Path) -> None: ...

    def notice(self, text: str) -> None: ...


def run_bench(
    composed: Composed,
    data: Dataset,
    folder: Path | None,
    asked: Asked,
    presenter: Presenter,
    listener: BenchListener,
    arrangements: Arrangements,
) -> ActiveBench:
    """Times one experiment, from its plan to its page. `folder`: one that has been claimed; None claims the usual one.

    A bench that does not come to its end says so in `unfinished`.
    """

    def claim_folder(plan: Plan) -> Path:
        usual = run_folder(composed.results_root, composed.experiment, plan.digest)
        return claimed("bench", composed.out, usual) if folder is None else folder

    bench = timed_bench(composed, data, claim_folder, asked, presenter, listener, arrangements)
    if bench.unfinished is None or bench.unfinished.can_be_shown:
        listener.end(bench.folder, bench.exit_code, bench.sentence, is_brief=stopped_again())
    return bench


def timed_bench(
    composed: Composed,
    data: Dataset,
    claim_folder: Callable[[Plan], Path],
    asked: Asked,
    presenter: Presenter,
    listener: BenchListener,
    arrangements: Arrangements,
    base: Interpreter | None = None,
) -> ActiveBench:
    """As `run_bench`, without showing the end. `claim_folder` is called when no mistake of the user's is left.

    `base`: also times every row with this interpreter, beside the row itself.
    """
    experiment = composed.experiment
    listener.stage("plan")
    plan = run.plan_of(experiment, data)
    source = _source(asked, experiment, plan, composed.results_root / experiment.name)
    folder = claim_folder(plan)
    rows = rows_of(experiment, arrangements, asked)
    record = Bench(measurement=asked.measurement, rows=rows, machine=this_machine())
    if base is not None:
        sides = {"rows": with_bases(rows), "head": this_interpreter(), "base": base}
        record = record.model_copy(update=sides)
    bench = ExperimentBench(
        experiment.arms, folder, listener, record, plan.steps, experiment=experiment, plan=plan, data=data
    )

    def begin() -> None:
        Store(folder).write_inputs(experiment, plan, data)
        listener.bench(experiment, plan, data, bench.rows)
        _find_credits(bench, source, asked.check == SKIPPED, arrangements, presenter)
        bench.scratch.mkdir()
        share(bench.scratch, experiment, plan, data)

    carry_out(bench, begin, presenter)
    return bench


def carry_out(bench: ActiveBench, begin: Callable[[], None], presenter: Presenter) -> None:
    """Times a bench to its end and writes it; where it does not come to its end, `unfinished` says why.

    `begin` finds the parity, and shares with the workers what they need. A UserMistake that it raises leaves nothing.
    """
    folder = bench.folder
    try:
        begin()
        if bench.record.ended is None:
            time_rows(bench)
        shutil.rmtree(bench.scratch, ignore_errors=True)
        _write(bench)
        with shielded():
            complete(folder, Marker.of("bench", outcome.exit_code(bench.timings), bench.sentence))
    except UserMistake:
        shutil.rmtree(folder)
        raise
    except BaseException as error:
        with shielded():
            bench.unfinished = unfinished_by(error, folder)
            shutil.rmtree(bench.scratch, ignore_errors=True)
            with suppress(OSError):
                _write(bench)
            report_unfinished(bench.unfinished, error, folder)
    bench.listener.stage("report")
    with shielded(), suppress(*([OSError] if bench.unfinished else [])):
        presenter.write_bench_report(folder)


def rows_of(experiment: Experiment, arrangements: Arrangements, asked: Asked) -> tuple[Row, ...]:
    """A row for each arm and, where all modes are asked for, one for each loop that users of its framework type.

    Such loops are timed once for each framework, in the first of its arms: their modes are not ours.
    """
    rows, with_loops = list[Row](), set[str]()
    for arm in experiment.arms:
        row = Row(name=arm.name, arm=arm.name, adapter=arm.adapter, mode=arm.mode, arrangement=arrangements[arm.name])
        rows.append(row)
        about = adapters.info(arm.adapter).user_loops
        if asked.all_modes and about is not None and arm.adapter not in with_loops:
            with_loops.add(arm.adapter)
            rows += [row.model_copy(update={"name": f"{arm.name}.{loop}", "loop": loop}) for loop in about.names]
    return tuple(rows)


def with_bases(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows, each with its base behind it. Rounds reverse this order, so that A B B A times each pair in turns."""
    bases = [row.model_copy(update={"name": base_name(row.name), "base_of": row.name}) for row in rows]
    return tuple(row for pair in zip(rows, bases, strict=True) for row in pair)


def _source(asked: Asked, experiment: Experiment, plan: Plan, root: Path) -> Path | None:
    """The folder with the verdicts; None where the ladder is to be climbed, or is not to be."""
    if isinstance(asked.check, Path):
        if found := misfits(asked.check, experiment, plan):
            raise UserMistake([f"check={asked.check}: its verdicts are not of this experiment: {why}" for why in found])
        return asked.check
    return recorded_check(experiment, plan, root) if asked.check == FOUND else None


def _find_credits(
    bench: ExperimentBench, source: Path | None, is_skipped: bool, arrangements: Arrangements, presenter: Presenter
) -> None:
    """Sets the credit of every row: from a recorded run, or from the ladder, which is climbed now and not timed."""
    arms = bench.experiment.arms
    if is_skipped:
        of_head = of_base = without_credit(arms)
    else:
        of_head = credits(source or _climbed(bench, arms, CHECK, arrangements, presenter), arms)
        of_base = of_head
        if (base := bench.record.base) is not None:
            presenter.notice(f"the ladder once more, for the base: {base}")
            base_arms = [base.running(arm) for arm in arms]
            of_base = credits(_climbed(bench, base_arms, BASE_CHECK, arrangements, presenter), arms)
    bench.update(rows=with_credits(bench.rows, of_head, of_base))
    bench.listener.credited(bench.rows)


def without_credit(arms: Sequence[Arm]) -> dict[str, Credit]:
    """What arms have where nobody asked for their parity."""
    skipped = Credit(status="unverified", source="", cause=f"check={SKIPPED}: the ladder was not climbed")
    return {arm.name: skipped for arm in arms}


def _climbed(
    bench: ExperimentBench, arms: Sequence[Arm], place: str, arrangements: Arrangements, presenter: Presenter
) -> Path:
    """Climbs the ladder with these arms, as `check` does, in a folder within that of the bench."""
    folder = bench.folder / place
    claim(folder, "check")
    experiment = bench.experiment.model_copy(update={"arms": tuple(arms)})
    with closing(presenter.run_listener(is_part=True)) as listener:
        active = run.begin(experiment, bench.data, bench.plan, folder, listener, arrangements=arrangements)
        phases.check([active], folder)
        raise_unfinished(active.unfinished)
        presenter.write_report(folder)
    return folder


def _write(bench: ActiveBench) -> None:
    """Writes the record of a bench, with the verdict on each row."""
    bench.update()
    verdicts = outcome.verdicts(bench.timings)
    if bench.unfinished is not None:
        kind, reason = bench.unfinished.kind, bench.unfinished.reason
        verdicts.append(Verdict(rung="run", subject=kind, arm_a="", status="interrupted", cause=reason))
    Store(bench.folder).write_verdicts(verdicts)
