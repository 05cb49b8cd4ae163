"""A trend on the terminal, as a picture and as a table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from harness.report.catalogue import notes
from harness.report.tables import SCREEN_WIDTH, console, draw, line
from harness.scenarios.catalogue.trend import ACCURACY, MEASURES, STEP_TIME, Changed, Series, Trend
from harness.system.text import printable
from harness.system.writing import whole
from harness.timing.change_points import ALPHA, FEWEST

HEAD = ("arm", "runs", "from", "to", "level", "latest", "changes")
LABELS = {ACCURACY: "test accuracy", STEP_TIME: "step"}
MARKS = ("o", "^", "s", "v", "D", "x")
PICTURES = ("trend.png", "trend.svg")
TABLE = "trend.csv"


def show_trend(trend: Trend) -> None:
    """Prints a table for each measure, then a line for each change."""
    notes(trend.notes)
    screen = console(SCREEN_WIDTH)
    if not trend.series:
        screen.print(f"{trend.experiment}: no complete run has an accuracy or a time", soft_wrap=True)
    for measure in MEASURES:
        series = [one for one in trend.series if one.measure == measure]
        if series:
            rows = [[name_of(one, trend), *_cells(one, trend)] for one in series]
            draw(screen, f"{trend.experiment}: {LABELS[measure]}", HEAD, rows, prose=HEAD)
    for change in trend.changes:
        screen.print(line(*in_words(change, trend)), soft_wrap=True)
    if trend.series and not trend.changes:
        screen.print(f"no level changed (tested at {ALPHA:.0%} over all series of {FEWEST} runs or more)")


def in_words(change: Changed, trend: Trend) -> tuple[str | tuple[str, str], ...]:
    """A change as a line: when, what, from which level to which, how sure, what else changed."""
    measure = change.series.measure
    size = f"{100 * (change.after - change.before):+.2f} points"
    if measure == STEP_TIME:
        size = f"{change.after / change.before - 1:+.1%}"
    levels = f"{_value(measure, change.before)} -> {_value(measure, change.after)} ({size}, p {change.p:.4f})"
    facts = f"changed there: {', '.join(change.facts)}" if change.facts else "no version changed there"
    name = f"{name_of(change.series, trend)}, {LABELS[measure]}"
    return f"{_day(change.created)} ", (name, "bold"), f": {levels}; {facts}; first run {change.run}"


def name_of(series: Series, trend: Trend) -> str:
    """The arm, and what distinguishes the series from others of it."""
    further = [f"{key} {series.rows[0][key]}" for key in trend.differing if _distinguishes(key, series, trend)]
    return ", ".join([series.arm, *further])


def _distinguishes(key: str, series: Series, trend: Trend) -> bool:
    if key == "machine" and series.measure == ACCURACY:
        return False
    others = [one for one in trend.series if one.measure == series.measure and one.arm == series.arm]
    return len({one.rows[0][key] for one in others}) > 1


def _cells(series: Series, trend: Trend) -> list[str]:
    changes = [change for change in trend.changes if change.series is series]
    since = next((series.times.index(change.created) for change in reversed(changes)), 0)
    level = median(series.values[since:])
    count = str(len(changes)) if len(series.values) >= FEWEST else "too few runs"
    days = f"{series.times[0]:%Y-%m-%d}", f"{series.times[-1]:%Y-%m-%d}"
    return [
        str(len(series.values)),
        *days,
        _value(series.measure, level),
        _value(series.measure, series.values[-1]),
        count,
    ]


def write_trend(trend: Trend, folder: Path) -> list[Path]:
    """Writes the pictures and the table into a folder. Returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in (*PICTURES, TABLE)]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["measure", "series", "created", "run", "value", "samples_per_s", "is_change"])
    for series in trend.series:
        firsts = {change.run for change in trend.changes if change.series is series}
        for row in series.rows:
            facts = row["created"].strftime("%Y-%m-%dT%H:%M:%SZ"), row["run"], row[series.measure], row["samples_per_s"]
            writer.writerow([series.measure, name_of(series, trend), *facts, row["run"] in firsts])
    with whole(paths[-1]) as partial:
        partial.write_text(stream.getvalue(), encoding="utf-8")
    figure = _figure(trend)
    for path in paths[:-1]:
        with whole(path) as partial:
            figure.savefig(
                partial, format=path.suffix[1:], dpi=150, metadata={"Date": None} if "svg" in path.name else {}
            )
    return paths


def _figure(trend: Trend) -> Any:
    """A panel for each measure: a line for each series, a rule at each change."""
    from matplotlib.figure import Figure

    from harness.report.plots import COLOURS

    measures = [measure for measure in MEASURES if any(one.measure == measure for one in trend.series)]
    figure = Figure(figsize=(9, 1 + 3 * max(1, len(measures))), layout="constrained")
    for number, measure in enumerate(measures):
        axes = figure.add_subplot(len(measures), 1, number + 1)
        axes.set_ylabel("test accuracy, %" if measure == ACCURACY else "step, ms")
        for place, series in enumerate(one for one in trend.series if one.measure == measure):
            scale = 100.0 if measure == ACCURACY else 1e3
            label = printable(name_of(series, trend))
            values, colour = [scale * value for value in series.values], COLOURS[place % len(COLOURS)]
            axes.plot(series.times, values, MARKS[place % len(MARKS)], ms=4, color=colour, label=label)  # type: ignore[arg-type]
            for change in (change for change in trend.changes if change.series is series):
                axes.axvline(change.created, color=colour, ls="--", lw=1)  # type: ignore[arg-type]
        legend = axes.legend(fontsize="small")
        for text in legend.get_texts():
            text.set_parse_math(False)
    figure.suptitle(printable(trend.experiment), parse_math=False)
    return figure


def _value(measure: str, value: float) -> str:
    return f"{value:.2%}" if measure == ACCURACY else f"{1e3 * value:.4g} ms"


def _day(time: Any) -> str:
    return str(time.strftime("%Y-%m-%d %H:%M"))


def written(paths: Sequence[Path]) -> None:
    """Says where the pictures and the table are."""
    console(SCREEN_WIDTH).print(f"written: {', '.join(map(str, paths))}", soft_wrap=True)
