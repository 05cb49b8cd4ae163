"""Our steady step time beside a bare loop of the same mode, and beside what a user would type, as ratios.

Each case runs in several processes; in a process the ways take turns, epoch by epoch. The intervals are bootstrapped
over the processes. `python -m pytest tests/benchmarks/test_training_loop.py` prints the table of the README at its end.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest
from rounds import rounds

from harness.subjects.bench.outcome import as_ratio
from harness.timing.intervals import ratio_interval

HERE = Path(__file__).parent
ROUNDS, PROCESSES = rounds(12), rounds(5)
# Aims, not gates: ours over by hand, ours over the framework's own loop.
AIMS = {
    ("mnist_mlp", "tensorflow", "graph"): (1.02, 0.75),
    ("mnist_mlp", "tensorflow", "xla"): (1.02, 0.75),
    ("mnist_mlp", "mindspore", "jit"): (1.02, 0.60),
    ("cnn", "tensorflow", "graph"): (1.02, 1.0),
    ("cnn", "mindspore", "jit"): (1.02, 1.0),
}
HEAD = "| experiment | arm | step | over a bare loop | aim | over the framework's own | aim |"
lines: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def _table(request):
    yield
    if lines:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print("", HEAD, f"|{'---|' * 7}", *lines, sep="\n")


@pytest.mark.parametrize(("name", "framework", "mode"), AIMS, ids=["-".join(key) for key in AIMS])
def test_training_loop(name, framework, mode, record, tmp_path):
    found = [_measured(name, framework, mode, tmp_path) for _ in range(PROCESSES)]
    # The loop by hand is a fair yardstick only if it computes the same.
    assert max(process["largest_loss_difference"] for process in found) < 1e-4
    by_way = {
        way: {number: median(process["times"][way]) for number, process in enumerate(found)}
        for way in found[0]["times"]
    }
    _, by_hand, own_loop = by_way
    ratios = {other: ratio_interval(by_way["ours"], by_way[other]) for other in (by_hand, own_loop)}
    record(
        [time for process in found for time in process["times"]["ours"]],
        **{f"ratio_to_{other}": ratio.estimate for other, ratio in ratios.items()},
    )
    step_ms = 1e3 * median(by_way["ours"].values())
    cells = [name, f"{framework}, {mode}", f"{step_ms:.2f} ms"]
    for (other, ratio), aim in zip(ratios.items(), AIMS[name, framework, mode], strict=True):
        cells += [as_ratio(ratio) + (f" of `{other}`" if other == own_loop else ""), f"{aim:g}"]
    lines.append(f"| {' | '.join(cells)} |")


def _measured(name, framework, mode, folder):
    done = subprocess.run(
        [sys.executable, str(HERE / f"{framework}_loops.py"), name, mode, str(ROUNDS)],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1]), **ENVIRONMENT.get((name, framework), {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


# With AVX-512, MindSpore's convolutions fall to reference kernels, on all sides (see docs/architecture.md).
ENVIRONMENT = {("cnn", "mindspore"): {"ONEDNN_MAX_CPU_ISA": "AVX2"}}
