"""Our steady step time beside a bare loop of the same mode, and beside what a user would type; ratios of one run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest
from rounds import rounds

HERE = Path(__file__).parent
ROUNDS = rounds(12)
# Aims, not gates: ours over by hand, ours over the framework's own loop.
AIMS = {
    ("tensorflow", "graph"): (1.02, 0.75),
    ("tensorflow", "xla"): (1.02, 0.75),
    ("mindspore", "jit"): (1.02, 0.60),
}


@pytest.mark.parametrize(("framework", "mode"), AIMS, ids=["-".join(key) for key in AIMS])
def test_training_loop(framework, mode, record, capsys, tmp_path):
    script = HERE / f"{framework}_loops.py"
    done = subprocess.run(
        [sys.executable, str(script), mode, str(ROUNDS)],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    # The loop by hand is a fair yardstick only if it computes the same.
    assert found["largest_loss_difference"] < 1e-4
    times = found["times"]
    user_loop = "fit" if "fit" in times else "Model.train"
    ratios = {
        other: median(a / b for a, b in zip(times["ours"], times[other], strict=True))
        for other in ("by_hand", user_loop)
    }
    record(times["ours"], **{f"ratio_to_{name}": ratio for name, ratio in ratios.items()})
    with capsys.disabled():
        shown = ", ".join(f"{name} {1e3 * median(values):.2f} ms" for name, values in times.items())
        aims = AIMS[framework, mode]
        print(f"\n{framework} {mode}, median step: {shown}")
        for (name, ratio), aim in zip(ratios.items(), aims, strict=True):
            print(f"  ours / {name} = {ratio:.3f} (aim: at most {aim})")
