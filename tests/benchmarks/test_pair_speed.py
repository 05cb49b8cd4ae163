"""How long the check of a pair takes until its verdict, beside the start of both frameworks in the same run.

Aims on two cores: 30 s for a pair of the size of LeNet, and a ResNet-18 within its budget of 300 s.
"""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from rounds import rounds
from watched_command import ROOT, watched

from harness.records.exit_codes import AGREES, UNVERIFIED

LENET = ROOT / "examples" / "pairs" / "lenet5" / "repaired.yaml"
FRAMEWORKS = ("mindspore", "keras")
AIM_S, BUDGET_S = 30, 300
HERE = Path(__file__).parent


def start_of_frameworks_s():
    """The seconds until both frameworks are imported, side by side, each in a process of its own."""
    began_s = time.perf_counter()
    started = [subprocess.Popen([sys.executable, "-c", f"import {name}"]) for name in FRAMEWORKS]
    assert [process.wait() for process in started] == [0, 0]
    return time.perf_counter() - began_s


def test_a_lenet(record, capsys, tmp_path):
    start_of_frameworks_s()  # the first reads the files from the disk
    starts_s, seen = [], []
    for number in range(rounds(3)):
        starts_s.append(start_of_frameworks_s())
        seen.append(watched(["check", f"pair={LENET}", f"out=run{number}"], tmp_path))
    for each in seen:
        assert each.code == AGREES, each.output
        assert "AGREES: pair lenet5_repaired" in each.output
    walls_s = [each.wall_s for each in seen]
    ratio = min(walls_s) / min(starts_s)
    record(walls_s, ratio_to_start=ratio)
    with capsys.disabled():
        best = min(seen, key=lambda each: each.wall_s)
        print(f"\nLeNet: {best.wall_s:.1f} s (aim: {AIM_S} s), {ratio:.1f} times the start of both frameworks")
        for seconds, line in best.lines:
            print(f"{seconds:6.1f} s {line.rstrip()[:100]}")


def resnet18(folder, budget_s):
    rng = np.random.default_rng(0)
    np.savez(
        folder / "batches.npz",
        x=rng.normal(size=(160, 32, 32, 3)).astype(np.float32),
        y=rng.integers(0, 10, 160).astype(np.int32),
    )
    content = {
        "name": "resnet18",
        "models": {
            "mindspore": {"builder": f"{HERE / 'resnet18_mindspore.py'}:network", "layout": "channels_first"},
            "tensorflow": {"builder": f"{HERE / 'resnet18_tensorflow.py'}:network"},
        },
        "batches": "batches.npz",
        "batch_size": 8,
        "loss": "softmax_cross_entropy",
        "optimizer": "sgd",
        "schedule": {"kind": "constant", "rate": 0.01},
        "comparison": {"budget_s": budget_s},
    }
    (folder / "pair.yaml").write_text(yaml.safe_dump(content))
    return folder / "pair.yaml"


@pytest.mark.skipif(rounds(2) == 1, reason="takes minutes; runs unless TWINRUN_ROUNDS=1")
def test_a_resnet18_keeps_within_its_budget(record, capsys, tmp_path):
    seen = watched(["check", f"pair={resnet18(tmp_path, BUDGET_S)}", "out=run"], tmp_path)
    memory_s = next(seconds for seconds, line in seen.lines if line.strip().startswith("memory: a batch"))
    assert memory_s < seen.first_rung_s
    assert seen.code in (AGREES, UNVERIFIED), seen.output
    record([seen.wall_s], share_of_budget=seen.wall_s / BUDGET_S)
    with capsys.disabled():
        print(f"\nResNet-18: {seen.wall_s:.0f} s of a budget of {BUDGET_S} s")
        for seconds, line in seen.lines:
            print(f"{seconds:6.1f} s {line.rstrip()[:160]}")
