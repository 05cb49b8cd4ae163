"""The vocabulary by family: time beside the number of cases. Aim: no family costs more a case as it grows."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[2]
FAMILIES = ("activation", "loss", "layer", "optimizer")
ALONE = "vocabulary=[]"


def seconds_and_rows(asked, folder):
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "harness", "check", asked, f"out={folder}"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        cwd=folder.parent,
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]
    return time.perf_counter() - start, len(pd.read_parquet(folder / "verdicts.parquet"))


def test_growth(record, capsys, tmp_path):
    base, rows_alone = seconds_and_rows(ALONE, tmp_path / "alone")
    times, lines = [], []
    for family in FAMILIES:
        took, rows = seconds_and_rows(f"vocabulary=[{family}]", tmp_path / family)
        times.append(max(took - base, 1e-9))
        lines.append(f"  {family}: {rows - rows_alone} checks in {took - base:.1f} s above the {base:.1f} s without")
    record(times)
    with capsys.disabled():
        print("\n" + "\n".join(lines))
