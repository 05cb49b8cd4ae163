"""How the cost of a check grows with the model: residual networks of about 1, 10, 100 and 1000 million multiply-adds.

Run as `python tests/benchmarks/cost_growth.py FOLDER [ADAPTER ...]`. Prints a table in Markdown and draws
`cost_growth.svg` in the folder. Measured is one gradient of a batch, by the reference in both precisions and by each
arm, one after the other, and the whole check with `comparison.budget_s=null`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cost_networks import residual
from watched_command import watched

from harness.composition import compose
from harness.data import load
from harness.report.terminal import Terminal
from harness.rungs import pace
from harness.scenarios import run
from harness.worker import Workers
from harness.worker.sharing import share

FILTERS = (6, 18, 56, 178)  # of the first block; the second has twice as many
BATCH = 4
FEW = [f"training.batch_size={BATCH}", "comparison.budget_s=null", "comparison.free_steps=5"]
CHECK = "the check"


@dataclass(frozen=True)
class Row:
    """Of one network: the multiply-adds of a sample, and by who does it the seconds."""

    multiply_adds: int
    seconds: Mapping[str, float]


def measured(filters: int, adapters: Sequence[str]) -> Row:
    """The seconds of one gradient by the reference and each arm, and of the check."""
    overrides = [residual(filters, 2 * filters), *FEW, f"arms=[{','.join(adapters)}]"]
    experiment = compose(overrides).experiment
    data = load(experiment.data)
    plan = run.plan_of(experiment, data)
    with tempfile.TemporaryDirectory() as folder:
        of_pace = run.begin(experiment, data, plan, Path(folder), Terminal())
        of_pace.scratch.mkdir()
        share(of_pace.scratch, experiment, plan, data)
        seconds = {
            f"reference, {precision}": value for precision, value in pace.of_reference(of_pace.context, BATCH).items()
        }
        with Workers(Path(folder)) as workers:
            for arm in experiment.arms:
                answer, _ = workers.of(arm, of_pace.scratch).ask(pace.TASKS["pace"], samples=BATCH)
                seconds[arm.name] = answer["gradient_s"]
        seen = watched(["check", *overrides, "out=check"], Path(folder))
        if seen.code not in (0, 4):
            sys.exit(seen.output)
    return Row(experiment.model.multiply_adds, {**seconds, CHECK: seen.wall_s})


def exponent(rows: Sequence[Row], who: str) -> float:
    """The slope of log(seconds) over log(multiply-adds), by least squares; 1 is linear growth."""
    x = np.log([row.multiply_adds for row in rows])
    y = np.log([row.seconds[who] for row in rows])
    return float(np.polyfit(x, y, 1)[0])


def table(rows: Sequence[Row]) -> str:
    """The seconds of each network in Markdown, and the exponents over all networks and over the two largest."""
    names = list(rows[0].seconds)
    lines = [f"| million multiply-adds a sample | {' | '.join(names)} |", f"| ---: |{' ---: |' * len(names)}"]
    for row in rows:
        lines.append(f"| {row.multiply_adds / 1e6:.1f} | {' | '.join(f'{row.seconds[n]:.3g} s' for n in names)} |")
    for label, part in (("exponent", rows), ("exponent of the two largest", rows[-2:])):
        lines.append(f"| {label} | {' | '.join(f'{exponent(part, n):.2f}' for n in names)} |")
    return "\n".join(lines)


def draw(rows: Sequence[Row], path: Path) -> None:
    """The table as a picture, both axes logarithmic, with a line of linear growth."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 5.0), layout="constrained")
    axes = figure.subplots()
    x = np.array([row.multiply_adds for row in rows]) / 1e6
    for name in rows[0].seconds:
        axes.plot(
            x, [row.seconds[name] for row in rows], marker="o", label=f"{name}, exponent {exponent(rows, name):.2f}"
        )
    last = rows[-1].seconds[CHECK]
    axes.plot(x, last * x / x[-1], color="#777777", linestyle=":", label="linear growth")
    axes.set(xscale="log", yscale="log", xlabel="million multiply-adds a sample", ylabel="seconds")
    figure.legend(fontsize="small", loc="outside upper center", ncols=2)
    figure.savefig(path, metadata={"Date": None})


def main(folder: Path, adapters: Sequence[str]) -> None:
    rows = [measured(filters, adapters) for filters in FILTERS]
    print(table(rows))
    folder.mkdir(parents=True, exist_ok=True)
    draw(rows, folder / "cost_growth.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["mindspore", "tensorflow"])
