"""All schedule forms of a framework over a million steps. Aim: under 5 s per framework."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
STEPS = 1_000_000


@pytest.mark.parametrize(("adapter", "mode"), [("mindspore", "jit"), ("tensorflow", "graph"), ("reference", "numpy")])
def test_all_forms(adapter, mode, record, capsys, tmp_path):
    script = HERE / "schedule_forms.py"
    done = subprocess.run(
        [sys.executable, str(script), adapter, mode, str(STEPS)],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seconds = json.loads(done.stdout.splitlines()[-1])
    record([sum(seconds.values())], forms=len(seconds))
    with capsys.disabled():
        slowest = max(seconds, key=seconds.get)
        print(
            f"\n{adapter}: {len(seconds)} forms over {STEPS:,} steps in {sum(seconds.values()):.2f} s (aim: under 5 s)"
        )
        print(f"  the slowest is {slowest}, {seconds[slowest]:.2f} s")
