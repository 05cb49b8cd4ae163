"""The tables of a page on its arms: how each makes the words, which entries of the ledger apply, what they run on."""

from __future__ import annotations

from collections.abc import Sequence

from harness.ledger import Entry, entries_for
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.report.html.blocks import TableBlock
from harness.report.rows import Table
from harness.report.run_record import RunRecord
from harness.spec.experiment import Experiment
from harness.spec.words_within import words_within

MOST_ROWS, LONGEST = 200, 500


def realisations_side_by_side(traces: Sequence[Trace]) -> Table:
    """A row for each word of the spec, and for each arm the kind of its realisation and the expression it uses."""
    words = dict.fromkeys(word for trace in traces for word in trace.realisations)
    head = ["word of the spec"]
    for trace in traces:
        head += ["kind", trace.arm.name]
    rows = []
    for word in words:
        cells = [word]
        for trace in traces:
            made = trace.realisations.get(word, {})
            cells += [made.get("kind", ""), "; ".join(filter(None, (made.get("by"), made.get("reason"))))]
        rows.append(cells)
    return head, rows


def environment_block(run: RunRecord) -> TableBlock | None:
    """What the arms are set to and run on; rows in which they differ are marked. None where there is one arm."""
    if len(run.arms) < 2:
        return None
    from harness.subjects.recorded.changes import conditions_of

    by_arm = {arm.trace.arm.name: dict(conditions_of(arm)) for arm in run.arms}
    paths = dict.fromkeys(path for conditions in by_arm.values() for path in conditions)
    words = {word for trace in run.traces for word in trace.realisations}
    rows = []
    for path in [path for path in paths if path not in words][:MOST_ROWS]:
        values = [conditions.get(path, "") for conditions in by_arm.values()]
        differs = "yes" if len(set(values)) > 1 else "no"
        rows.append([path, *(value if len(value) <= LONGEST else f"{value[:LONGEST]}..." for value in values), differs])
    rows.sort(key=lambda row: row[-1] == "no")
    marked = [number for number, row in enumerate(rows) if row[-1] == "yes"]
    head = ["setting", *by_arm, "differs"]
    return TableBlock.of("Settings and environments of the arms", (head, rows), marked=marked, names=list(by_arm))


def ledger_table(run: RunRecord) -> Table:
    """A row for each entry of the ledger on a word of the experiment that holds for an arm."""
    head = ["arm", "entry", "word", "kind", "bound", "checks that rely on it", "what it is", "why", "instead"]
    if run.experiment is None:
        return head, []
    return head, [
        [
            trace.arm.name,
            entry.id,
            f"{entry.family} {entry.word}",
            entry.kind,
            entry.bound_in_words,
            str(_relying(run.verdicts, trace.arm.name, entry) or ""),
            entry.what,
            entry.cause,
            entry.instead,
        ]
        for trace in run.traces
        for entry in _entries(trace, run.experiment)
    ]


def _entries(trace: Trace, experiment: Experiment) -> list[Entry]:
    arm, versions = trace.arm, trace.environment.get("versions") or {}
    device = trace.environment.get("device") or ("cpu" if arm.device == "auto" else arm.device)
    words = dict.fromkeys((word.family, word.word()) for word in words_within(experiment))
    found = [entry for word in words for entry in entries_for(arm.adapter, versions, *word, arm.variable_dtype)]
    return [entry for entry in dict.fromkeys(found) if entry.holds_in(arm.variable_dtype, arm.mode, device)]


def _relying(verdicts: Sequence[Verdict], arm: str, entry: Entry) -> int:
    """How many checks of the arm the entry excuses."""
    of_arm = (verdict for verdict in verdicts if arm in (verdict.arm_a, verdict.arm_b) and verdict.status == "known")
    return sum(entry.id in f"{verdict.cause} {verdict.tolerance_source}" for verdict in of_arm)
