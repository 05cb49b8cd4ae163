"""One run on a screen, from its folder: what it is, its rungs or rows, accuracy and time, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.records.exit_codes import AGREES, UNVERIFIED
from harness.records.outcome import first_divergence
from harness.records.trace import Trace
from harness.report.catalogue import cell_text, show_table
from harness.report.detail import SCREEN
from harness.report.folder_record import FolderRecord
from harness.report.listening import ProgressListener
from harness.report.pages import kind_of
from harness.report.pair_record import PairRecord
from harness.report.records import record_of
from harness.report.rows import DISPENSABLE, screen_table
from harness.report.run_record import RunRecord
from harness.report.rung_lines import disagreements
from harness.report.screen.bench import BenchTerminal
from harness.report.screen.comparison import ComparisonTerminal
from harness.report.screen.gate import GateTerminal
from harness.report.screen.scaling import ScalingTerminal
from harness.report.screen.sweep import SweepTerminal
from harness.report.study_record import StudyRecord
from harness.report.sweep_record import SweepRecord
from harness.report.tables import SCREEN_WIDTH, console, draw_labelled, line
from harness.results.catalogue.roots import stamp_of
from harness.results.catalogue.rows import rows_of
from harness.results.scalings import is_scaling

# The columns of the catalogue in the first lines, joined where several are of one thing.
FACTS = {
    "made": ("created", "ended", "user", "host"),
    "by": ("twinrun", "python", "processor", "cores"),
    "data": ("data", "parameters", "batch_size", "planned_steps"),
    "plan": ("plan_digest", "seed", "spec_digest"),
}
NAMED = {"twinrun": "twinrun {}", "python": "Python {}", "cores": "{} cores", "parameters": "{:,} parameters"}
NAMED |= {"batch_size": "batches of {}", "planned_steps": "{:,} steps", "seed": "seed {}", "spec_digest": "spec {}"}
NAMED |= {"created": "{:%Y-%m-%d %H:%M:%S}", "ended": "to {:%Y-%m-%d %H:%M:%S} UTC", "host": "on {}"}
HEAD = ("run", "verdict", "sentence")


class Shown(ProgressListener):
    """Prints what was recorded as a run prints it."""

    def arms(self, traces: Sequence[Trace]) -> None:
        """The table of accuracy and time, if any arm has trained."""
        if any(trace.epochs for trace in traces):
            self.console.print()
            self.table("Accuracy and time", screen_table(traces), dispensable=DISPENSABLE)

    def ended(self, record: FolderRecord, coverage: str, exit_code: int) -> None:
        """The checks that disagree, the damage, the sentence, what was judged, and the folder."""
        self.console.print()
        for text in [*disagreements(record.verdicts, first_divergence(record.verdicts)), *record.problems[1:]]:
            self._say(text, soft_wrap=True)
        self.conclude(
            {"exit_code": exit_code, "sentence": record.sentence, "coverage": coverage, "folder": str(record.folder)}
        )


def show_run(folder: Path) -> int:
    """Prints what a folder of any kind recorded. Returns 4 where it is damaged, else 0."""
    row, *parts = rows_of(folder, folder.name, stamp_of(folder) or "")
    kind = kind_of(folder)
    screen = console(SCREEN_WIDTH)
    screen.print(line((f"{row['experiment']}", "bold"), f": {kind} {folder.name}", f", {row['status']}"))
    draw_labelled(screen, facts_in_words(row))
    is_damaged = row["status"] == "damaged"
    # Listeners of these kinds read the folder and print their own outcome.
    if kind == "comparison":
        ComparisonTerminal(SCREEN).show(folder)
    elif kind == "gate":
        GateTerminal(SCREEN).show(folder)
    elif kind == "sweep":
        record = SweepRecord.of(folder)
        if record.sweep is not None:
            SweepTerminal(SCREEN).jobs(record.sweep, record.rows)
        screen.print(record.sentence, soft_wrap=True)
    elif kind == "bench":
        show = ScalingTerminal(SCREEN).show if is_scaling(folder) else BenchTerminal(SCREEN).end
        show(folder, int(row["exit_code"] or 0), record_of(folder).sentence)
    else:
        is_damaged |= _show_verdicts(folder, kind, row, parts)
    if kind in ("comparison", "gate", "bench"):
        is_damaged |= bool(record_of(folder).problems)
    return UNVERIFIED if is_damaged else AGREES


def _show_verdicts(folder: Path, kind: str, row: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> bool:
    """Returns whether files are damaged."""
    shown, code = Shown(SCREEN), int(row["exit_code"] or 0)
    if kind == "pair":
        pair = PairRecord.of(folder)
        shown.rungs(pair.verdicts)
        shown.ended(pair, pair.coverage, code)
        return bool(pair.problems)
    if kind == "study":
        study = StudyRecord.of(folder)
        show_table(HEAD, [[part["run"].partition("/")[2], part["verdict"], part["sentence"]] for part in parts])
        shown.rungs(study.verdicts)
        shown.ended(study, "", code)
        return bool(study.problems)
    run = RunRecord.of(folder)
    shown.rungs(run.verdicts)
    shown.arms(run.traces)
    shown.ended(run, run.coverage, code)
    return bool(run.problems)


def facts_in_words(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The facts of a run behind their labels; what is not known is left out."""
    lines = []
    for label, names in FACTS.items():
        known = [name for name in names if row[name] not in (None, "")]
        words = [NAMED[name].format(row[name]) if name in NAMED else cell_text(row[name]) for name in known]
        if words:
            lines.append((label, ", ".join(words)))
    packages = [f"{arm['arm']}: {arm['packages']}" for arm in row["arms"] if arm["packages"]]
    return [*lines, *([("with", "; ".join(packages))] if packages else [])]
