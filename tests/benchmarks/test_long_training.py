"""What a long training costs beside its steps: the time of its records, and the memory of each step; ratios of one run.

`TWINRUN_LONG_STEPS=1000000` makes it as long as the figures of docs/cost.md.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest
from rounds import rounds

HERE = Path(__file__).parent
STEPS = int(os.environ.get("TWINRUN_LONG_STEPS", "4000" if rounds(3) == 1 else "200000"))
EPOCHS = 20
AIM = 1.02  # not a gate: the time of a training over that of its steps alone
# A step's number in a plan, for each sample of a batch; its loss, its rate and its row of a table: number, epoch, both.
ARRAYS_OF_A_STEP = 20 * 4 + 2 * 8 + 4 * 8


def measured(adapter: str, mode: str, steps: int, times: int, folder: Path) -> dict:
    command = [sys.executable, str(HERE / "long_training_loops.py"), adapter, mode, str(steps), str(EPOCHS), str(times)]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("adapter", "mode"), [("tensorflow", "graph"), ("mindspore", "jit")])
def test_a_long_training(adapter, mode, record, capsys, tmp_path):
    long = measured(adapter, mode, STEPS, rounds(3), tmp_path)
    short = measured(adapter, mode, STEPS // 4, 1, tmp_path)
    ratio = median(a / b for a, b in zip(long["whole_s"], long["alone_s"], strict=True))
    grown = {
        process: (long[process][1] - long[process][0] - short[process][1] + short[process][0]) / (STEPS - STEPS // 4)
        for process in ("parent_bytes", "worker_bytes")
    }
    record(long["whole_s"], ratio=ratio, **grown)
    with capsys.disabled():
        shown = f"{median(long['whole_s']):.2f} s, its steps alone {median(long['alone_s']):.2f} s"
        print(f"\n{adapter} {mode}, {STEPS:,} steps: {shown}: {ratio:.3f} (aim: at most {AIM})")
        # Within one training, whatever else the machine does meanwhile.
        beside = long["whole_s"][-1] / long["in_epochs_s"]
        print(f"  of the last training, over its own epochs: {beside:.3f}")
        memory = ", ".join(f"{name.removesuffix('_bytes')} {size:.0f} bytes" for name, size in grown.items())
        print(f"  memory of a step: {memory}; the arrays of a step take {ARRAYS_OF_A_STEP} bytes")
