"""Where parity holds: the ladder's verdicts for the same experiment and arms, recorded before or climbed now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from harness import __version__
from harness.judging.context import Context
from harness.judging.envelope import envelope
from harness.plan import Plan
from harness.records.array_types import FloatArray
from harness.records.timing import Credit, Row, base_name
from harness.records.verdict import Verdict
from harness.results.files import NOT_READ, read_object, read_verdicts
from harness.results.marker import MARKER
from harness.results.reading import read_run
from harness.results.recorded import VERDICTS, RecordedRun
from harness.results.timings import CHECK, is_bench
from harness.scenarios.bench.state import ExperimentBench
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.subjects.recorded.comparable import PARTS, differing_specs
from harness.worker.arrangement.calibration import CalibrationError, versions_of

# From the gravest to what counts.
ORDER = ("crashed", "interrupted", "diverges", "unsupported", "unverified", "known", "agrees")
MOST_READ = 50  # recorded folders, the latest first


def recorded_check(experiment: Experiment, plan: Plan, root: Path) -> Path | None:
    """The latest recorded run below `root` that climbed the ladder for this experiment, its plan and its arms."""
    return next((folder for folder in latest_below(root) if not misfits(folder, experiment, plan)), None)


def latest_below(root: Path) -> list[Path]:
    """The latest recorded folders below `root` that may hold the verdicts of a ladder, the latest first."""
    markers = [*root.glob(f"*/{MARKER}"), *root.glob(f"*/{CHECK}/{MARKER}")]
    latest = sorted(markers, key=lambda path: path.stat().st_mtime, reverse=True)[:MOST_READ]
    return [path.parent for path in latest if not is_bench(path.parent)]


def misfits(folder: Path, experiment: Experiment, plan: Plan) -> list[str]:
    """Why the verdicts recorded in a folder do not count for this experiment; empty if they do."""
    run = read_run(folder)
    if run.state != "complete" or run.all_failures or run.experiment is None:
        why = [str(failure) for failure in run.all_failures[:1]] or ["it is no complete run of the ladder"]
        return [f"{folder}: {why[0]}"]
    recorded = run.experiment
    found = differing_specs(recorded, experiment, PARTS)
    if run.plan.get("digest") != plan.digest:
        found.append("another plan")
    if recorded.rungs:
        found.append(f"only some rungs were climbed: {', '.join(recorded.rungs)}")
    return [*found, *other_judges(run, experiment.arms)]


def other_judges(run: RecordedRun, arms: Sequence[Arm]) -> list[str]:
    """Why recorded verdicts are not those that would be judged now: versions and settings of twinrun and the arms."""
    written_by = read_object(run.folder / MARKER).get("twinrun")
    by = [] if written_by == __version__ else [f"twinrun {written_by} judged it, and this is {__version__}"]
    return [*by, *(text for arm in arms for text in _differing(run, arm))]


def _differing(run: RecordedRun, arm: Arm) -> Iterator[str]:
    """Why the recorded verdicts on an arm are not of it."""
    recorded = run.arms.get(arm.name)
    if recorded is None:
        yield f"it has no arm {arm.name}"
    elif _setting(recorded.trace.arm) != _setting(arm):
        yield f"its arm {arm.name} has other settings"
    else:
        versions = recorded.trace.environment.get("versions", {})
        try:
            present = versions_of(arm)
        except CalibrationError as error:
            yield str(error)
            return
        yield from (
            f"it was judged with {name} {versions[name]}, and {version} is installed"
            for name, version in present.items()
            if versions.get(name, version) != version
        )


def _setting(arm: Arm) -> Arm:
    return arm.model_copy(update={"timeout_s": 1.0})


def credits(folder: Path, arms: Sequence[Arm]) -> dict[str, Credit]:
    """By arm, the gravest of the verdicts in a recorded run that concern it."""
    source = str(folder)
    try:
        verdicts = read_verdicts(folder / VERDICTS)
    except NOT_READ as error:
        return {arm.name: Credit(status="unverified", source=source, cause=str(error)) for arm in arms}
    return {arm.name: _credit([v for v in verdicts if arm.name in (v.arm_a, v.arm_b)], source) for arm in arms}


def _credit(verdicts: Sequence[Verdict], source: str) -> Credit:
    gravest = min(verdicts, key=lambda verdict: ORDER.index(verdict.status), default=None)
    if gravest is None:
        return Credit(status="unverified", source=source, cause="the ladder has no verdict on it")
    if gravest.status in ("agrees", "known"):
        return Credit(status=gravest.status, source=source)
    cause = ", ".join(filter(None, [f"rung {gravest.rung}", gravest.subject, gravest.cause]))
    return Credit(status=gravest.status, source=source, cause=cause)


def with_credits(rows: Sequence[Row], of_head: Mapping[str, Credit], of_base: Mapping[str, Credit]) -> tuple[Row, ...]:
    """The rows with the credit of their arms; bases have their own."""
    return tuple(row.model_copy(update={"credit": (of_base if row.base_of else of_head)[row.arm]}) for row in rows)


def with_loop_credits(bench: ExperimentBench, losses: Mapping[str, FloatArray]) -> tuple[Row, ...]:
    """The rows, those of loops that users type with a credit of their own. `losses`: of the first steps, by row.

    Such a loop computes what its arm does if its losses are within the arm's chaos envelope around those of the arm.
    """
    context = Context(bench.experiment, bench.plan, bench.data, bench.scratch)
    return tuple(_with_loop_credit(row, context, losses) if row.loop else row for row in bench.rows)


def _with_loop_credit(row: Row, context: Context, losses: Mapping[str, FloatArray]) -> Row:
    own, others = losses.get(row.name), losses.get(base_name(row.arm) if row.base_of else row.arm)
    if own is None or others is None or row.credit is None or not row.credit.is_given:
        return row  # it failed, or there is nothing to hold it against
    arm = next(arm for arm in context.stated.arms if arm.name == row.arm)
    bound = envelope(context, arm, len(own)).loss.bound
    excess = np.abs(own - others) / bound
    worst = int(np.argmax(excess))
    found = f"its losses are within {excess[worst]:.0%} of the tolerance of {row.arm} over {len(own)} steps"
    if excess[worst] <= 1:
        return row.model_copy(update={"credit": Credit(status=row.credit.status, source=found)})
    found = f"at step {worst} its loss is {abs(own[worst] - others[worst]):.2g} from that of {row.arm}, "
    cause = f"{found}{excess[worst]:.2g} times the tolerance"
    return row.model_copy(update={"credit": Credit(status="diverges", source="", cause=cause)})
