"""Measures the models of docs/gallery.md and writes its table.

    python tests/benchmarks/gallery.py                                # every model on the digits: a check and a match
    python tests/benchmarks/gallery.py lenet5 simple_convnet          # only these
    python tests/benchmarks/gallery.py --mnist DIR                    # on the full MNIST; DIR has its four files
    python tests/benchmarks/gallery.py --recorded RESULTS             # from runs in RESULTS/EXPERIMENT, without running
    python tests/benchmarks/gallery.py --table                        # the table alone, from docs/gallery.csv

What was measured is kept in docs/gallery.csv, one row for each experiment.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from harness.composition import compose
from harness.report.tables import as_markdown

ROOT = Path(__file__).parents[2]
PAGE, MEASURED = ROOT / "docs" / "gallery.md", ROOT / "docs" / "gallery.csv"
START, END = "<!-- gallery -->\n", "<!-- end of the gallery -->"
# The epochs on the full MNIST, of which one is as many updates as fifteen on the digits.
EPOCHS = {
    "quickstart_512": 3,
    "quickstart_dropout": 5,
    "lenet5_tutorial": 5,
    "lenet5": 5,
    "simple_convnet": 5,
    "mobilenet_small": 5,
    "resnet8": 5,
    "lstm_rows": 5,
    "gru_rows": 5,
    "vit_small": 5,
    "mlp_mixer": 5,
}
ARMS = ("mindspore", "tensorflow")
COLUMNS = ["experiment", "check_s", *(f"{data}_{arm}" for data in ("digits", "mnist") for arm in ARMS), "step_ms"]
HEAD = ["model", "parameters", "multiply-adds", "check", "digits: MindSpore / TensorFlow", "full MNIST", "step"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT")
    parser.add_argument("--mnist", type=Path, metavar="DIR")
    parser.add_argument("--recorded", type=Path, metavar="RESULTS")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    rows = read()
    for name in options.experiments or (() if options.table else EPOCHS):
        row = rows.setdefault(name, dict.fromkeys(COLUMNS, ""))
        row["experiment"] = name
        if options.recorded is not None:
            keep(row, options.recorded / name, "digits")
            continue
        with tempfile.TemporaryDirectory() as folder:
            if options.mnist is None:
                before = time.monotonic()
                run("check", name, Path(folder) / "check", [])
                row["check_s"] = f"{time.monotonic() - before:.0f}"
                run("match", name, Path(folder) / "match", ["rungs=[evaluation,convergence,expected]"])
                keep(row, Path(folder) / "match", "digits")
            else:
                full = ["data=mnist", f"data.root={options.mnist}", f"training.epochs={EPOCHS[name]}"]
                run("match", name, Path(folder) / "match", [*full, "rungs=[evaluation,convergence]"])
                keep(row, Path(folder) / "match", "mnist")
        write(rows)
    write(rows)
    PAGE.write_text(with_table(PAGE.read_text(), rows))


def run(verb: str, name: str, out: Path, overrides: list[str]) -> None:
    command = [sys.executable, "-m", "harness", verb, f"experiment={name}", f"out={out}", "--quiet", *overrides]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    print(f"{verb} {name}: exit code {code}", flush=True)


def keep(row: dict[str, str], folder: Path, data: str) -> None:
    """Takes the accuracies, and of the digits the time of a step, from a recorded run."""
    summary = pd.read_parquet(folder / "summary.parquet").set_index("arm")
    for arm in ARMS:
        row[f"{data}_{arm}"] = f"{summary.loc[arm, 'test_accuracy']:.4f}"
    if data == "digits":
        row["step_ms"] = " / ".join(f"{summary.loc[arm, 'step_time_s'] * 1000:.1f}" for arm in ARMS)


def read() -> dict[str, dict[str, str]]:
    if not MEASURED.is_file():
        return {}
    with MEASURED.open(newline="") as file:
        return {row["experiment"]: row for row in csv.DictReader(file)}


def write(rows: dict[str, dict[str, str]]) -> None:
    with MEASURED.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows.values())


def table(rows: dict[str, dict[str, str]]) -> str:
    """The table as Markdown; of what was not measured, the cell is empty."""
    cells = []
    for name, row in rows.items():
        model = compose([f"experiment={name}"]).experiment.model
        accuracies = [
            " / ".join(f"{float(row[f'{data}_{arm}']):.2%}" for arm in ARMS) if row[f"{data}_{ARMS[0]}"] else ""
            for data in ("digits", "mnist")
        ]
        check = f"{row['check_s']} s" if row["check_s"] else ""
        step = f"{row['step_ms']} ms" if row["step_ms"] else ""
        counts = [f"{model.parameter_count:,}", f"{model.multiply_adds:,}"]
        cells.append([name, *counts, check, *accuracies, step])
    return as_markdown(HEAD, cells)


def with_table(page: str, rows: dict[str, dict[str, str]]) -> str:
    before, _, rest = page.partition(START)
    return f"{before}{START}{table(rows)}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    main()
