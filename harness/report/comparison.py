"""What `compare` prints, and its `report.md`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.records.verdict import Verdict
from harness.report.changes import changed, other_outcomes, times
from harness.report.rows import Table, number, ulps
from harness.report.tables import as_markdown, console, draw, line
from harness.results.store import write_text
from harness.subjects.recorded.comparison import Compared, Comparison
from harness.subjects.recorded.outcome import exit_code, in_one_line
from harness.subjects.recorded.rows import Row, rows_of
from harness.system.text import markdown

PROSE = ("cause", "A", "B", "what")
FEW_STEPS = "float32 curves are judged over the first steps, before rounding has grown; the rest is shown, not judged"
NO_INTERVAL = "times are of one run each: without an interval, and so without a verdict"


def show(found: Sequence[Comparison], folder: Path) -> None:
    on = console()
    for head in _heads(found):
        on.print(head, soft_wrap=True)
    for each in found:
        on.print()
        for text in _texts(each):
            on.print(text, soft_wrap=True)
        for title, table in _tables(each):
            on.print(line((title, "bold")), soft_wrap=True)  # not the table's own, which wraps at its width
            draw(on, "", *table, PROSE)
            on.print()
    colour = "green" if exit_code(found) == 0 else "bold red"
    on.print(line((in_one_line(found), colour)), soft_wrap=True)
    on.print(f"results: {folder}", soft_wrap=True)


def write_page(found: Sequence[Comparison], folder: Path) -> None:
    """`report.md`."""
    lines = ["# Two runs compared", "", f"**{markdown(in_one_line(found))}**", ""]
    lines += [*(f"- {markdown(head)}" for head in _heads(found)), ""]
    for each in found:
        lines += [line for text in _texts(each) for line in (markdown(text), "")]
        for title, table in _tables(each):
            lines += [f"## {markdown(title)}", "", as_markdown(*table), ""]
    sources = dict.fromkeys(v.tolerance_source for each in found for v in each.verdicts if v.tolerance_source)
    lines += ["## Where the tolerances come from", "", *(f"- {markdown(source)}" for source in sources), ""]
    write_text(folder / "report.md", "\n".join(lines))


def _heads(found: Sequence[Comparison]) -> list[str]:
    heads = []
    for side in ("a", "b"):
        run = getattr(found[0], side)
        folder = run.folder.parents[len(Path(found[0].variant).parts) - 1] if found[0].variant else run.folder
        heads.append(f"{side.upper()}: {folder.absolute()}")
    return heads


def _texts(each: Comparison) -> Iterator[str]:
    if each.variant:
        yield f"{each.variant}:"
    yield f"judge: {each.judged_by}"
    yield from each.notes
    for one in each.compared:
        yield f"{one.pair.name}: {one.in_words}"
    if each.compared:
        yield FEW_STEPS
        yield NO_INTERVAL


def _tables(each: Comparison) -> list[tuple[str, Table]]:
    found: list[tuple[str, Table]] = []
    above = f"{each.variant}, " if each.variant else ""
    for one in each.compared:
        of = f"{above}{one.pair.name}"
        found += [
            (f"{of}: what changed", changed(one.pair)),
            (f"{of}: what both recorded", difference_table(one)),
            (f"{of}: checks of the runs themselves that came out otherwise", other_outcomes(each.a, each.b, one.pair)),
            (f"{of}: time and memory", times(one.pair)),
        ]
    found.append((f"{above}verdicts", verdict_table(each.verdicts)))
    return [(title, table) for title, table in found if table[1]]


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    head = ["rung", "what", "arms", "worst ULP", "at", "of tolerance", "verdict", "by the reference", "cause"]
    rows = [
        [
            v.rung,
            v.subject,
            " : ".join(filter(None, (v.arm_a, v.arm_b))),
            ulps(v.worst_ulp),
            v.worst_index,
            number(v.error_over_tolerance, "{:.1%}"),
            v.status,
            v.judgement,
            v.cause,
        ]
        for v in verdicts
    ]
    return head, rows


def difference_table(one: Compared) -> Table:
    """One row for each kind of quantity; of several parameters the one that parts first, and the one most apart."""
    head = ["quantity", "values", "bit for bit", "first apart at", "most apart, relative"]
    return head, [_difference(row) for row in rows_of(one.quantities)]


def _difference(row: Row) -> list[str]:
    common, whole_a, whole_b = row.counts
    count = f"{common:,}" + ("" if whole_a == whole_b else f" of {whole_a:,} and {whole_b:,}")
    if not row.apart:
        return [row.name, count, row.word, "", ""]
    first = min(row.apart, key=lambda each: each.first or 0)
    where = f"value {first.first}" if first.steps is None else f"step {first.steps[first.first]}"
    most, farthest = row.most
    places = (f"{text}, {part.of}" if part.of else text for text, part in ((where, first), (farthest, most)))
    return [row.name, count, row.word, *places]
