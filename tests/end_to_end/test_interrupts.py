"""However a run is stopped, and whenever: the exit code says so, what was recorded stays, nothing is left running.

The reference stands for both arms here: it starts at once, and how it is stopped has nothing to do with a framework.
"""

import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import psutil
import pytest
from command import ENVIRONMENT, ONLY_THE_REFERENCE, ROOT, finish, start

TWO = "arms=[{use: reference, name: first}, {use: reference, name: second}]"
# How a training is stopped does not hang on what was asked before it.
BRIEF = ["model=mlp_relu", "rungs=[schedule]", TWO, "out=run"]
QUICK = [*BRIEF, "training.epochs=1", "training.max_steps=3"]
LONG = [*BRIEF, "training.epochs=2000"]
AT_NIGHT = {stop: pytest.param(stop, marks=pytest.mark.nightly) for stop in (signal.SIGINT, signal.SIGTERM)}


def line_that_starts(process, beginning):
    """Reads what the command prints up to that line."""
    return any(line.strip().startswith(beginning) for line in process.stdout)


def workers_of(process):
    return psutil.Process(process.pid).children(recursive=True)


def assert_gone(workers):
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert [worker for worker in alive if worker.status() != psutil.STATUS_ZOMBIE] == []


def summary_of(folder):
    return pd.read_parquet(folder / "summary.parquet").set_index("arm")


def assert_complete_folder(folder):
    """Every file a reader expects is there and whole."""
    assert not list(folder.rglob("*.partial"))
    assert not (folder / ".scratch").exists()
    pd.read_parquet(folder / "verdicts.parquet")
    assert (folder / "report.md").stat().st_size > 0
    for arm in ("first", "second"):
        trace = json.loads((folder / "arms" / arm / "trace.json").read_text())
        assert len(pd.read_parquet(folder / "arms" / arm / "epochs.parquet")) == trace["summary"]["epochs"]


def assert_stopped(process, workers, folder):
    code, out, err = finish(process)
    assert code == 130, out + err
    assert "INTERRUPTED" in out
    assert "Traceback" not in out + err
    assert_gone(workers)
    assert_complete_folder(folder)


@pytest.mark.parametrize("stop", [signal.SIGINT, AT_NIGHT[signal.SIGTERM]], ids=lambda stop: stop.name)
def test_stopped_in_the_training(stop, tmp_path):
    process = start(["match", *LONG], tmp_path)
    assert line_that_starts(process, "first: epoch 3,")
    workers = workers_of(process)
    assert len(workers) == 1  # arms are trained one at a time
    process.send_signal(stop)
    assert_stopped(process, workers, tmp_path / "run")
    summary = summary_of(tmp_path / "run")
    assert list(summary["status"]) == ["interrupted", "interrupted"]
    assert summary.loc["first", "epochs"] >= 3
    assert summary.loc["second", "epochs"] == 0


@pytest.mark.nightly
def test_stopped_on_the_ladder(tmp_path):
    # Twelve forced steps of 1.2 million parameters take seconds, which are not waited for.
    process = start(["match", "comparison.forced_steps=12", TWO, "out=run"], tmp_path)
    assert line_that_starts(process, "rung schedule")
    workers = workers_of(process)
    assert len(workers) == 2
    process.send_signal(signal.SIGINT)
    assert_stopped(process, workers, tmp_path / "run")
    assert list(summary_of(tmp_path / "run")["epochs"]) == [0, 0]


@pytest.mark.nightly
def test_terminated_in_the_background_of_a_script(tmp_path):
    """A script's shell starts `twinrun match &` with Ctrl-C ignored; SIGTERM must end it all the same."""
    command = f"exec 2>&1; trap '' INT; exec {sys.executable} -m harness match {' '.join(map(repr, LONG))}"
    process = subprocess.Popen(["sh", "-c", command], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    try:
        assert line_that_starts(process, "first: epoch 2,")
        workers = workers_of(process)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, out
    assert_gone(workers)
    assert_complete_folder(tmp_path / "run")


def run_with(script, arguments, cwd):
    """The command with something of it replaced: exit code, standard output, standard error."""
    command = [sys.executable, "-c", f"import sys\n{script}\nsys.exit(main(sys.argv[1:]))", *arguments]
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.nightly
@pytest.mark.parametrize("rung", ["convergence", "trajectory"])
def test_stopped_in_the_last_judgement(rung, tmp_path):
    """Both arms have finished, but not all has been judged: that is no agreement."""
    script = (
        "from harness.cli import main; from harness.rungs import trajectory, convergence\n"
        "def stopped(*_): raise KeyboardInterrupt\n"
        f"{rung}.judge_traces = stopped"
    )
    code, out, err = run_with(script, ["match", *QUICK], tmp_path)
    assert code == 130, out + err
    assert "AGREES" not in out
    assert "INTERRUPTED" in out
    assert "Traceback" not in err
    assert_complete_folder(tmp_path / "run")
    assert list(summary_of(tmp_path / "run")["epochs"]) == [1, 1]


def test_stopped_before_it_began(tmp_path):
    script = "from harness.cli import command, main\ndef stopped(_): raise KeyboardInterrupt\ncommand.parser = stopped"
    code, out, err = run_with(script, ["match", *QUICK], tmp_path)
    assert (code, out, err) == (130, "", "")


def test_what_writes_the_records_is_there_before_there_are_any():
    """Stopped in the middle of the first import of pandas, it could not be imported again to write what there is."""
    script = "import harness.scenarios.run, sys; sys.exit('pandas' not in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], env=ENVIRONMENT, timeout=60, check=False).returncode == 0


def test_an_archive_cut_off_in_the_middle_says_nothing(tmp_path):
    """Stopped while the shared arrays are written, which for large models takes seconds."""
    script = (
        "import numpy as np, pathlib; from harness.system.array_files import save_arrays\n"
        "from numpy.lib import format as npy\n"
        "def stopped(*_, **__): raise KeyboardInterrupt\n"
        "npy.write_array = stopped\n"
        "def main(given):\n"
        "    try: save_arrays(pathlib.Path(given[0]), {'x': np.ones(10)})\n"
        "    except KeyboardInterrupt: return 130"
    )
    code, _, err = run_with(script, [str(tmp_path / "arrays.npz")], tmp_path)
    assert code == 130
    assert "Traceback" not in err
    assert not (tmp_path / "arrays.npz").exists()


SLOW_EPOCHS = """\
import time
from adapters.reference.trainer import ReferenceTrainer
at_full_speed = ReferenceTrainer.train_epoch
ReferenceTrainer.train_epoch = lambda *given: time.sleep(0.5) or at_full_speed(*given)
"""


@pytest.mark.nightly
def test_out_of_time_in_the_training(tmp_path):
    """What was recorded before the time was up stays; the other arm finishes."""
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "sitecustomize.py").write_text(SLOW_EPOCHS)
    slow = f"timeout_s: 6, environment: {{PYTHONPATH: '{tmp_path / 'slow'}{os.pathsep}{ROOT}'}}"
    arms = f"arms=[{{use: reference, name: first, {slow}}}, {{use: reference, name: second}}]"
    layers = "[flatten, {kind: dense, units: 10, kernel_initializer: zeros}]"
    given = [f"model.layers={layers}", "training.epochs=30", "comparison.free_steps=5"]
    code, out, err = finish(start(["match", *given, "rungs=[schedule]", arms, "out=run"], tmp_path))
    assert code == 3, out + err
    assert "Traceback" not in out + err
    assert_complete_folder(tmp_path / "run")
    summary = summary_of(tmp_path / "run")
    assert summary.loc["first", "status"] == "crashed"
    assert summary.loc["first", "failure"] == "timeout at train: not done within timeout_s=6"
    assert 0 < summary.loc["first", "epochs"] < 30
    assert summary.loc["second", "status"] == "complete"
    assert summary.loc["second", "epochs"] == 30


@pytest.mark.nightly  # by day tests/unit/worker/test_interpreter.py
def test_an_arm_may_have_a_search_path_of_its_own(tmp_path):
    """PYTHONPATH in an arm's environment comes before the rest, and hides no part of the program."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "sitecustomize.py").write_text("import sys; print('mine came first', file=sys.stderr)\n")
    arm = f"{{use: reference, name: first, environment: {{PYTHONPATH: {tmp_path / 'mine'}}}}}"
    given = ["check", "model=mlp_relu", f"arms=[{arm}]", "training.max_steps=3", "rungs=[schedule]", "out=run"]
    without = {key: value for key, value in ENVIRONMENT.items() if key != "PYTHONPATH"}
    # From the checkout, where nothing but the current folder says where the program is.
    process = subprocess.run(
        [sys.executable, "-m", "harness", *given[:-1], f"out={tmp_path / 'run'}"],
        cwd=ROOT,
        env={**without, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == ONLY_THE_REFERENCE, process.stdout + process.stderr
    assert "mine came first" in (tmp_path / "run" / "arms" / "first" / "worker.log").read_text()


ENDLESS = """\
import subprocess, time


def batches():
    subprocess.Popen(["sleep", "1000"])
    print("begun", flush=True)
    while True:
        time.sleep(1)
    yield None


def net():
    return None
"""
PAIR = """\
name: endless
models: {tensorflow: {builder: "endless.py:net"}}
batches: endless.py:batches
loss: mean_squared_error
optimizer: sgd
schedule: {kind: constant, rate: 0.1}
arms: [{use: tensorflow_eager, name: first}, {use: tensorflow_eager, name: second}]
"""


@pytest.mark.nightly  # by day tests/unit/worker/test_worker_channel.py and, of the function, test_pair_batches.py
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda stop: stop.name)
def test_stopped_while_a_function_draws_the_batches(stop, tmp_path):
    """Nothing of it lives on, also where the command itself is killed."""
    (tmp_path / "endless.py").write_text(ENDLESS)
    (tmp_path / "endless.yaml").write_text(PAIR)
    process = start(["check", "pair=endless.yaml", "out=run"], tmp_path)
    log, deadline = tmp_path / "run" / "batches.log", time.monotonic() + 60
    while not (log.exists() and "begun" in log.read_text()):
        assert time.monotonic() < deadline, process.poll()
        time.sleep(0.1)
    workers = workers_of(process)
    assert len(workers) == 2
    process.send_signal(stop)
    code, out, err = finish(process)
    assert_gone(workers)
    if stop != signal.SIGKILL:
        assert code == 130, out + err
        assert "INTERRUPTED" in out
        assert "Traceback" not in out + err
        assert not (tmp_path / "run" / ".scratch").exists()
