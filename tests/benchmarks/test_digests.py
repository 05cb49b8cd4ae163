"""What the digests of every step cost: the step with them over the step without; ratios of one run."""

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
AIM = 1.1  # an aim, not a gate
MODES = {"tensorflow": ("graph", "xla"), "mindspore": ("jit",)}
CASES = [(f, mode, name) for f, modes in MODES.items() for mode in modes for name in ("mnist_mlp", "cnn")]


@pytest.mark.parametrize(("framework", "mode", "name"), CASES, ids=["-".join(case) for case in CASES])
def test_digests(framework, mode, name, record, capsys, tmp_path):
    done = subprocess.run(
        [sys.executable, str(HERE / "digest_loops.py"), framework, mode, name, str(ROUNDS)],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1]), "ONEDNN_MAX_CPU_ISA": "AVX2"},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["same_losses"]  # who is watched does what he did unwatched
    ratios = {}
    for clock in ("times", "processor"):
        traced, plain = found[clock]["traced"], found[clock]["plain"]
        ratios[clock] = median(a / b for a, b in zip(traced, plain, strict=True))
    record(found["times"]["traced"], **{f"ratio_of_{clock}": ratio for clock, ratio in ratios.items()})
    with capsys.disabled():
        print(f"\n{framework} {mode} {name}, {found['columns']} digests a step: traced / plain = {ratios['times']:.3f}")
        print(f"  of processor time {ratios['processor']:.3f} (aim: at most {AIM})")
