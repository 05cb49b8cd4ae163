"""Whole commands: help, a mistake, the default match, the ladder, the vocabulary.

Aims: 1.5 s, 1.5 s, 60 s, 45 s, 90 s on 2 cores.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rounds import rounds

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "help": (["--help"], 0, 5, 1.5),
    "mistake": (["match", "schedule=cosin", "training.epoch=3"], 2, 5, 1.5),
    "match": (["match"], 0, 1, 60.0),
    "check": (["check", "experiment=mnist_mlp"], 0, 1, 45.0),
    "vocabulary": (["check", "suite=vocabulary"], 0, 1, 90.0),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_command(name, record, capsys, tmp_path):
    arguments, expected, usual, aim = COMMANDS[name]
    times = []
    for _ in range(rounds(usual)):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        times.append(time.perf_counter() - start)
        assert done.returncode == expected, done.stdout[-1000:] + done.stderr[-1000:]
    record(times)
    with capsys.disabled():
        print(f"\ntwinrun {' '.join(arguments)}: at best {min(times):.2f} s (aim: under {aim:g} s)")
