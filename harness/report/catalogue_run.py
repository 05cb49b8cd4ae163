"""One run on a screen, from its folder: what it is, its rungs or rows, accuracy and time, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.records.exit_codes import AGREES, UNVERIFIED
from harness.records.outcome import first_divergence
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.report import comparison, gate
from harness.report.bench import BenchTerminal
from harness.report.bench_record import BenchRecord
from harness.report.catalogue import cell_text, show_table
from harness.report.detail import SCREEN
from harness.report.folder_record import FolderRecord
from harness.report.listening import ProgressListener
from harness.report.pages import kind_of
from harness.report.pair_record import PairRecord
from harness.report.rows import by_rung, screen_table
from harness.report.run_record import RunRecord
from harness.report.rung_lines import disagreements
from harness.report.scaling import show_scaling
from harness.report.study_record import StudyRecord
from harness.report.sweep_record import SweepRecord
from harness.report.sweep_terminal import SweepTerminal
from harness.report.tables import SCREEN_WIDTH, console, draw, draw_labelled, line
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

    def verdicts(self, verdicts: Sequence[Verdict]) -> None:
        """A line for each rung."""
        for name, of_rung in by_rung(verdicts).items():
            self.rung(name, of_rung)

    def arms(self, traces: Sequence[Trace]) -> None:
        """The table of accuracy and time, if any arm has trained."""
        if any(trace.epochs for trace in traces):
            head, rows = screen_table(traces)
            filled = [i for i in range(len(head)) if any(row[i] for row in rows)]
            self.console.print()
            draw(self.console, "Accuracy and time", [head[i] for i in filled], [[r[i] for i in filled] for r in rows])

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
        comparison.show(folder)
    elif kind == "gate":
        gate.show(folder)
    elif kind == "sweep":
        record = SweepRecord.of(folder)
        if record.sweep is not None:
            SweepTerminal(SCREEN).table(record.sweep, record.rows)
        screen.print(record.sentence, soft_wrap=True)
    elif kind == "bench":
        show_scaling(folder) if is_scaling(folder) else BenchTerminal(SCREEN).end(
            folder, BenchRecord.of(folder).sentence
        )
    else:
        is_damaged |= _show_verdicts(folder, kind, row, parts)
    return UNVERIFIED if is_damaged else AGREES


def _show_verdicts(folder: Path, kind: str, row: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> bool:
    """Returns whether files are damaged."""
    shown, code = Shown(SCREEN), int(row["exit_code"] or 0)
    if kind == "pair":
        pair = PairRecord.of(folder)
        shown.verdicts(pair.verdicts)
        shown.ended(pair, pair.coverage, code)
        return bool(pair.problems)
    if kind == "study":
        study = StudyRecord.of(folder)
        show_table(HEAD, [[part["run"].partition("/")[2], part["verdict"], part["sentence"]] for part in parts])
        shown.verdicts(study.verdicts)
        shown.ended(study, "", code)
        return bool(study.problems)
    run = RunRecord.of(folder)
    shown.verdicts(run.verdicts)
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
