"""The table of a scaling, its picture and its page: the time of a step by the value of a key, and how it grows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.report.html.writing import write_html_at_end
from harness.report.plots import COLOURS
from harness.report.rows import Table
from harness.report.scaling_folder import Rows, ScalingFolder
from harness.report.tables import as_markdown
from harness.results.scalings import ScalingRecord, place_of
from harness.results.store import write_text
from harness.subjects.bench.growth import Growth, growth
from harness.subjects.bench.outcome import as_ratio, in_ms
from harness.subjects.bench.summary import RowSummary
from harness.system.text import markdown
from harness.system.writing import whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURE = "scaling.png"
MARKS = "os^Dv"  # of the points of each row


def write_scaling_report(folder: Path) -> None:
    """Writes the pages and the picture into the folder of a scaling."""
    write_text(folder / "report.md", report(ScalingFolder.of(folder)))
    write_html_at_end(folder)


def report(scaling: ScalingFolder) -> str:
    """The scaling as a page of Markdown, from its folder alone. The picture is written where the values are numbers."""
    lines = [f"# {markdown(scaling.name)}", "", f"**{markdown(scaling.sentence)}**", "", *scaling.damage_lines]
    record, rows = scaling.swept, scaling.rows
    if record is None:
        return "\n".join([*lines, ""])
    lines += ["", as_markdown(*step_table(record, rows)), ""]
    fits = growths(record, rows)
    lines += [f"- {markdown(text)}" for text in in_words(record, fits)]
    sizes = sizes_of(record)
    if sizes is not None:
        _draw(scaling.folder / PICTURE, record, sizes, rows, fits)
        lines += ["", f"![{PICTURE}]({PICTURE})"]
    places = [f"[{markdown(value)}]({place_of(number)}/report.md)" for number, value in enumerate(record.values)]
    return "\n".join([*lines, "", f"By value: {', '.join(places)}", ""])


def step_table(record: ScalingRecord, rows: Rows) -> Table:
    head = [record.key]
    for name in rows:
        head += [f"{name}, step", f"{name}, samples/s", f"{name}, status"]
    base = next(iter(rows), "")
    head += [f"{name} over {base}" for name in rows if name != base]
    lines = []
    for number, value in enumerate(record.values):
        cells = [value]
        for summaries in rows.values():
            row = summaries[number]
            has_time = row is not None and row.processes
            cells += [in_ms(row.step_s), f"{row.samples_per_s:,.0f}", row.status] if row and has_time else ["", "", ""]
        for name, summaries in rows.items():
            row = summaries[number]
            if name != base:
                cells.append(as_ratio(row.ratio) if row is not None and row.ratio is not None else "")
        lines.append(cells)
    return head, lines


def sizes_of(record: ScalingRecord) -> list[float] | None:
    """The values as numbers; None where they are none."""
    try:
        return [float(value) for value in record.values]
    except ValueError:
        return None


def growths(record: ScalingRecord, rows: Rows) -> dict[str, Growth]:
    sizes = sizes_of(record)
    if sizes is None:
        return {}
    fits = {name: growth(sizes, _times_s(summaries)) for name, summaries in rows.items()}
    return {name: fit for name, fit in fits.items() if fit is not None}


def _times_s(summaries: Sequence[RowSummary | None]) -> list[float]:
    return [row.step_s.estimate if row is not None and row.processes else math.nan for row in summaries]


def in_words(record: ScalingRecord, fits: Mapping[str, Growth]) -> list[str]:
    return [f"{name}: the time of a step grows like {fit.in_words(record.key)}" for name, fit in fits.items()]


def _draw(path: Path, record: ScalingRecord, sizes: Sequence[float], rows: Rows, fits: Mapping[str, Growth]) -> None:
    """Draws the scaling as a PNG at `path`."""
    from matplotlib.figure import Figure  # not pyplot: no global state, no display

    figure = Figure(figsize=(7.2, 4.3), dpi=200, layout="constrained")
    draw_scaling(figure, record.key, sizes, rows, fits)
    with whole(path) as partial:
        figure.savefig(partial, format="png", metadata={"Software": None})


def draw_scaling(figure: Figure, key: str, sizes: Sequence[float], rows: Rows, fits: Mapping[str, Growth]) -> None:
    """The times of a step with their intervals over the sizes, on logarithmic scales, and the fits as thin lines."""
    axes = figure.subplots()
    for number, (name, summaries) in enumerate(rows.items()):
        colour = COLOURS[number % len(COLOURS)]
        timed = [(size, row.step_s) for size, row in zip(sizes, summaries, strict=True) if row and row.processes]
        for size, interval in timed:
            if math.isfinite(interval.low):
                axes.plot([size, size], [1e3 * interval.low, 1e3 * interval.high], color=colour, linewidth=2)
        mark = MARKS[number % len(MARKS)]
        axes.plot([s for s, _ in timed], [1e3 * i.estimate for _, i in timed], mark, color=colour, label=name)
        if name in fits:
            ends = [min(sizes), max(sizes)]
            axes.plot(ends, [1e3 * fits[name].at(size) for size in ends], color=colour, linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(key)
    axes.set_ylabel("time of a step, ms")
    axes.legend(frameon=False)
