"""Runs the whole command as a user would: a process of its own, in an empty folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
# A network small enough for a test; everything else is the default run.
SMALL = ["model=mlp_relu", "training.epochs=2", "comparison.free_steps=5"]
# The exit code where all arms are of the reference: nothing was checked that could have failed.
ONLY_THE_REFERENCE = 4


def start(arguments, cwd, **environment):
    """The running command, its output captured as text."""
    command = [sys.executable, "-m", "harness", *map(str, arguments)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # A script's background jobs ignore Ctrl-C, and so would what they start. (No thread of ours runs here.)
    heeding = {"preexec_fn": _heed_interrupts}
    return subprocess.Popen(command, cwd=cwd, env={**ENVIRONMENT, **environment}, **streams, **heeding)


def _heed_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def finish(process):
    """Exit code, standard output, standard error."""
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err
