"""A failure is a row like any other: the other arms finish, what was recorded stays, the exit code says it."""

import os
import signal
import subprocess
import time

import pandas as pd
import psutil
import pytest
from command import ROOT, SMALL, finish, start

# Long enough to be caught in the middle; the epochs are short.
LONG = ["model=mlp_relu", "training.epochs=2000", "rungs=[schedule]"]
# What is told of a training does not hang on what was asked before it.
BRIEF = [*SMALL, "rungs=[schedule]"]


def worker_in(process, arm, after_epoch, out):
    """The arm's training worker, once the command has printed that epoch."""
    for line in process.stdout:
        out.append(line)
        if line.strip().startswith(f"{arm}: epoch {after_epoch},"):
            break
    (worker,) = [
        child for child in psutil.Process(process.pid).children() if f'"name":"{arm}"' in " ".join(child.cmdline())
    ]
    return worker


def summary_of(folder):
    return pd.read_parquet(folder / "summary.parquet").set_index("arm")


def test_a_worker_killed_in_mid_epoch_leaves_the_other_arm_complete(tmp_path):
    arms = "arms=[{use: reference, name: victim}, {use: reference, name: other, precision: float32}]"
    arguments = ["match", *BRIEF, arms, "training.epochs=30", "out=run"]
    process = start(arguments, tmp_path)
    out = []
    worker_in(process, "victim", 3, out).send_signal(signal.SIGKILL)
    code, rest, _ = finish(process)
    assert code == 3, "".join(out) + rest
    summary = summary_of(tmp_path / "run")
    assert summary.loc["victim", "status"] == "crashed"
    assert "SIGKILL" in summary.loc["victim", "failure"]
    assert summary.loc["other", "status"] == "complete"
    assert summary.loc["other", "epochs"] == 30
    recorded = pd.read_parquet(tmp_path / "run" / "arms" / "victim" / "epochs.parquet")
    assert 3 <= len(recorded) < 30
    verdicts = pd.read_parquet(tmp_path / "run" / "verdicts.parquet")
    # A curve that was cut off never agrees; the other arm's late losses follow from its own checkpoints.
    curves = verdicts[verdicts["rung"] == "trajectory"]
    assert set(curves[curves["arm_b"] != "reference"]["status"]) == {"crashed"}
    assert set(curves[curves["arm_b"] == "reference"]["arm_a"]) == {"other"}


@pytest.mark.nightly
def test_ctrl_c_ends_the_workers_and_keeps_the_records(tmp_path):
    process = start(["match", *LONG, "arms=[tensorflow]", "out=run"], tmp_path)
    worker = worker_in(process, "tensorflow", 3, [])
    process.send_signal(signal.SIGINT)
    code, out, err = finish(process)
    assert code == 130, out + err
    assert "Traceback" not in out + err
    assert "INTERRUPTED" in out
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE
    assert len(pd.read_parquet(tmp_path / "run" / "arms" / "tensorflow" / "epochs.parquet")) >= 3
    assert summary_of(tmp_path / "run").loc["tensorflow", "status"] == "interrupted"
    assert not (tmp_path / "run" / ".scratch").exists()


@pytest.mark.nightly
def test_a_worker_does_not_outlive_its_parent(tmp_path):
    process = start(["match", *LONG, "arms=[reference]", "out=run"], tmp_path)
    worker = worker_in(process, "reference", 2, [])
    process.kill()
    process.communicate(timeout=60)
    deadline = time.monotonic() + 30
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE


@pytest.mark.nightly
def test_a_worker_past_its_time_is_a_row(tmp_path):
    arms = "arms=[{use: tensorflow, name: slow, timeout_s: 0.5}, reference]"
    code, out, _ = finish(start(["match", *BRIEF, arms, "out=run"], tmp_path))
    assert code == 3, out
    summary = summary_of(tmp_path / "run")
    assert "timeout" in summary.loc["slow", "failure"]
    assert summary.loc["reference", "status"] == "complete"


STOPPED_AT_ITS_START = """\
import os, signal, sys
if "harness.worker.child" in sys.orig_argv:
    os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.mark.nightly
def test_an_arm_that_is_stopped_costs_the_others_nothing(tmp_path):
    (tmp_path / "stopping").mkdir()
    (tmp_path / "stopping" / "sitecustomize.py").write_text(STOPPED_AT_ITS_START)
    stopped = f"{{use: reference, name: stopped, timeout_s: 20, environment: {{PYTHONPATH: {tmp_path / 'stopping'}}}}}"
    arms = f"arms=[{stopped}, {{use: reference, name: healthy, timeout_s: 20}}]"
    process = start(["check", *BRIEF, arms, "out=run"], tmp_path)
    code, out, err = finish(process)
    assert code == 3, out + err
    summary = summary_of(tmp_path / "run")
    assert summary.loc["stopped", "failure"] == "timeout at start: not done within timeout_s=20"
    assert not summary.loc["healthy", "failure"]
    assert "rung schedule" in out


@pytest.mark.nightly
@pytest.mark.parametrize("device", ["gpu", "npu"])
def test_a_missing_device_is_unverified(tmp_path, device):
    hidden = "environment: {CUDA_VISIBLE_DEVICES: ''}"  # also on a machine that has a GPU
    arms = f"arms=[{{use: tensorflow, name: elsewhere, device: {device}, {hidden}}}, reference]"
    code, out, _ = finish(start(["match", *BRIEF, arms, "out=run"], tmp_path))
    assert code == 4, out
    summary = summary_of(tmp_path / "run")
    assert summary.loc["elsewhere", "status"] == "unverified"
    assert "missing_device" in summary.loc["elsewhere", "failure"]
    assert summary.loc["elsewhere", "epochs"] == 0  # it did not quietly run on the cpu
    assert summary.loc["reference", "status"] == "complete"


def test_a_missing_framework_is_unverified(tmp_path):
    # A module that cannot be imported stands before the real one on this arm's path.
    (tmp_path / "shadow").mkdir()
    (tmp_path / "shadow" / "tensorflow.py").write_text("raise ImportError('not installed here')\n")
    (tmp_path / "shadow" / "keras.py").write_text("raise ImportError('not installed here')\n")
    path = os.pathsep.join([str(tmp_path / "shadow"), str(ROOT)])
    arguments = ["check", *BRIEF, "arms=[tensorflow, reference]", "out=run"]
    code, out, err = finish(start(arguments, tmp_path, PYTHONPATH=path))
    assert code == 4, out + err
    assert "missing_framework" in summary_of(tmp_path / "run").loc["tensorflow", "failure"]
    assert "pip install 'twinrun[tensorflow]'" in out


@pytest.mark.nightly
def test_an_adapter_that_dies_is_a_row_with_its_log(tmp_path):
    arms = "arms=[{use: tensorflow_xla, name: broken, environment: {XLA_FLAGS: --no_such_flag}}, reference]"
    code, out, _ = finish(start(["check", *BRIEF, arms, "out=run"], tmp_path))
    assert code == 3, out
    failure = summary_of(tmp_path / "run").loc["broken", "failure"]
    assert failure.startswith(("signal", "exit", "exception"))
    assert "no_such_flag" in (tmp_path / "run" / "arms" / "broken" / "worker.log").read_text()


def test_nothing_is_left_running():
    mine = {child.pid for child in psutil.Process().children(recursive=True)}
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    workers = [line for line in listed.splitlines() if "harness.worker.child" in line and int(line.split()[0]) in mine]
    assert workers == []


@pytest.mark.nightly
def test_unequal_strides_need_no_onednn(tmp_path):
    """TensorFlow's own kernel of depthwise convolutions takes equal strides alone, and is what some processors get."""
    kernel = "kernel_size: [3, 2], strides: [2, 1], padding: same, depthwise_initializer: he_normal"
    layers = f"[{{kind: depthwise_conv2d, {kernel}}}, flatten, {{kind: dense, units: 10, kernel_initializer: zeros}}]"
    arguments = ["check", f"model.layers={layers}", "arms=[tensorflow]", "rungs=[layer]", "out=run"]
    code, out, err = finish(start(arguments, tmp_path, TF_ENABLE_ONEDNN_OPTS="0"))
    assert code == 0, out + err


@pytest.mark.nightly  # by day tests/unit/adapters/test_adapter_info.py
def test_an_adapter_that_cannot_be_used_is_a_row_with_its_reason(tmp_path):
    site, work = tmp_path / "site", tmp_path / "work"
    work.mkdir()
    (site / "broken-1.dist-info").mkdir(parents=True)
    (site / "broken-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (site / "broken-1.dist-info" / "entry_points.txt").write_text("[twinrun.adapters]\nbroken = broken\n")
    (site / "broken.py").write_text("1 / 0\n")
    arms = "arms=[{name: mine, adapter: broken, mode: bare}, {use: reference, name: other}]"
    process = start(["match", *BRIEF, arms, "out=run"], work, PYTHONPATH=f"{ROOT}{os.pathsep}{site}")
    code, out, err = finish(process)
    assert code == 4, out + err
    summary = summary_of(work / "run")
    assert summary.loc["mine", "status"] == "unverified"
    assert "adapter broken cannot be loaded: ZeroDivisionError: division by zero" in summary.loc["mine", "failure"]
    assert summary.loc["other", "status"] == "complete"
    assert "Traceback" not in out + err
