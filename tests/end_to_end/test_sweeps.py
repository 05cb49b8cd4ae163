"""Sweeps by the whole command: a job that dies is a row, a driver that dies is resumed, Ctrl-C keeps what is done."""

import json
import signal
import time

import pandas as pd
import pytest
from command import finish, start
from small_sweeps import CRASHED, INTERRUPTED, TINY, UNVERIFIED, rows_of

from harness.results.marker import damages
from harness.results.sweep_folder import all_attempts, read_sweep


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_job_that_dies_is_a_row_and_is_run_again_once(tmp_path, segfaulting):
    typed = [*TINY, "seed=range(0,3)", "hydra.sweep.dir=sweep", "hydra/launcher=joblib"]
    code, out, err = finish(start(["check", "-m", *typed, "--json"], tmp_path, **segfaulting))
    assert code == CRASHED, err
    outcome = json.loads(out)
    assert outcome["sentence"] == "CRASHED: jobs of check: 2 unverified; 1 crashed"
    assert [job["status"] for job in outcome["jobs"]] == ["done", "crashed", "done"]
    assert outcome["jobs"][1]["message"].startswith("its process killed by SIGSEGV")
    assert outcome["jobs"][1]["values"] == {"seed": "1"}
    assert rows_of(tmp_path / "sweep") == {0: ["done"], 1: ["crashed", "crashed"], 2: ["done"]}
    assert "each seed is a job" in err
    assert list(damages(tmp_path / "sweep")) == []
    page = (tmp_path / "sweep" / "report.md").read_text()
    assert "killed by SIGSEGV" in page
    code, out, _ = finish(start(["sweep", "status", "sweep"], tmp_path))
    assert (code, out.splitlines()[-1]) == (CRASHED, "2 done, 1 crashed")


@pytest.mark.nightly
def test_a_sweep_is_resumed_after_its_driver_was_killed(tmp_path, delaying):
    typed = [*TINY, "seed=0,1", "hydra.sweep.dir=sweep", "hydra.sweep.subdir=seed_${seed}"]
    driver = start(["check", "-m", *typed], tmp_path, **delaying)
    wait_for((tmp_path / "sweep" / "jobs" / "00001.1.json").exists)
    driver.send_signal(signal.SIGKILL)
    finish(driver)
    before = (tmp_path / "sweep" / "jobs" / "00000.1.json").read_bytes()
    code, out, err = finish(start(["sweep", "resume", "sweep", "-q"], tmp_path))
    assert (code, out) == (UNVERIFIED, "UNVERIFIED: jobs of check: 2 unverified\n"), err
    assert "lost, and run again where that is not the second time: job 1" in err
    assert rows_of(tmp_path / "sweep") == {0: ["done"], 1: ["lost", "done"]}
    assert (tmp_path / "sweep" / "jobs" / "00000.1.json").read_bytes() == before
    assert (tmp_path / "sweep" / "seed_1-2" / "complete.json").exists()


@pytest.mark.nightly
def test_the_same_command_line_again_runs_the_jobs_that_are_new(tmp_path):
    for seeds in ("0,1", "0,1", "0,1,2"):
        typed = [*TINY, f"seed={seeds}", "hydra.sweep.dir=sweep"]
        code, _, err = finish(start(["check", "-m", *typed, "-q"], tmp_path))
        assert code == UNVERIFIED, err
        assert rows_of(tmp_path / "sweep") == {int(seed): ["done"] for seed in seeds.split(",")}


def test_nothing_begins_while_one_job_is_wrong(tmp_path):
    typed = [*TINY, "training.batch_size=100,-1", "optimizer=adam,adan", "hydra/launcher=basic"]
    code, out, err = finish(start(["match", "-m", *typed], tmp_path))
    assert (code, out) == (2, "")
    assert "training.batch_size: given -1" in err
    assert "did you mean optimizer=adam?" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.nightly
def test_ctrl_c_keeps_what_is_done_and_writes_a_row_of_what_ran(tmp_path, delaying):
    driver = start(["check", "-m", *TINY, "seed=0,1,2", "hydra.sweep.dir=sweep"], tmp_path, **delaying)
    wait_for((tmp_path / "sweep" / "jobs" / "00001.1.json").exists)
    driver.send_signal(signal.SIGINT)
    code, out, err = finish(driver)
    assert code == INTERRUPTED, err
    assert "Traceback" not in out + err
    assert "INTERRUPTED: jobs of check: 1 unverified; 1 interrupted; 1 waiting" in out
    assert rows_of(tmp_path / "sweep") == {0: ["done"], 1: ["interrupted"]}
    assert not (tmp_path / "sweep" / "complete.json").exists()


@pytest.mark.nightly
def test_submitted_jobs_run_without_their_command_and_can_be_cancelled(tmp_path, delaying):
    typed = ["sweep", "submit", "check", *TINY, "seed=range(0,6)", "hydra.sweep.dir=s"]
    code, _, err = finish(start(typed, tmp_path, **delaying))
    assert code == 0, err
    assert "6 jobs are handed over" in err
    wait_for(lambda: "done" in rows_of(tmp_path / "s").get(0, []))
    assert finish(start(["sweep", "cancel", "s"], tmp_path))[0] == 0
    wait_for(lambda: all(rows[-1] != "running" for rows in rows_of(tmp_path / "s").values()))
    begun = rows_of(tmp_path / "s")
    assert len(begun) < 6
    code, out, _ = finish(start(["sweep", "collect", "s", "-q"], tmp_path))
    assert code in (INTERRUPTED, 5)
    code, out, _ = finish(start(["sweep", "resume", "s", "-q"], tmp_path))
    assert (code, out) == (UNVERIFIED, "UNVERIFIED: jobs of check: 6 unverified\n")


@pytest.mark.nightly
def test_a_file_that_changes_after_submission_is_refused(tmp_path, delaying):
    (tmp_path / "mine" / "schedule").mkdir(parents=True)
    file = tmp_path / "mine" / "schedule" / "my_rate.yaml"
    file.write_text("kind: constant\nrate: 0.01\n")
    subdir = "hydra.sweep.subdir=seed_${seed}"  # it is the first job that waits
    typed = [*TINY, "schedule=my_rate", "seed=1,2", "--config-dir", "mine", "hydra.sweep.dir=s", subdir]
    driver = start(["check", "-m", *typed], tmp_path, **delaying)
    wait_for((tmp_path / "s" / "jobs" / "00000.1.json").exists)
    driver.send_signal(signal.SIGKILL)
    finish(driver)
    file.write_text("kind: constant\nrate: 0.02\n")
    code, out, _ = finish(start(["sweep", "resume", "s", "--json"], tmp_path))
    assert code == 2
    outcome = json.loads(out)
    assert [job["status"] for job in outcome["jobs"]] == ["refused", "refused"]
    assert "another experiment here than when the sweep was begun" in outcome["jobs"][0]["message"]


@pytest.mark.nightly
def test_the_largest_rate_at_which_both_frameworks_agree(tmp_path):
    pytest.importorskip("mindspore")
    pytest.importorskip("tensorflow")
    typed = ["model=mlp_10_relu", "optimizer=sgd", "rungs=[trajectory]", "comparison.free_steps=40"]
    search = ["schedule.rate=tag(log, interval(0.01,1000))", "hydra/sweeper=twinrun_optuna", "hydra.sweep.dir=s"]
    settings = ["hydra.sweeper.objective=schedule.rate", "hydra.sweeper.sampler=bisect", "hydra.sweeper.n_trials=4"]
    code, out, err = finish(start(["check", "-m", *typed, *search, *settings, "--json"], tmp_path))
    assert code in (0, 1, UNVERIFIED), err
    outcome = json.loads(out)
    assert len(outcome["jobs"]) in (2, 4)
    assert outcome["found"].startswith("The largest schedule.rate at which parity holds is ")
    assert len(read_sweep(tmp_path / "s").jobs) == len(outcome["jobs"])


@pytest.mark.nightly
def test_the_smallest_bound_at_which_nothing_is_clipped(tmp_path):
    """A search with a border: one arm clips nothing, so that both train alike where the bound is above every norm."""
    pytest.importorskip("mindspore")
    pytest.importorskip("tensorflow")
    typed = ["model=mlp_10_relu", "optimizer=sgd", "clipping=by_global_norm", "rungs=[trajectory]"]
    arms = ["arms=[mindspore,{use: tensorflow, spec: {clipping: none}}]", "comparison.free_steps=20"]
    search = ["clipping.bound=tag(log, interval(0.01,100))", "hydra/sweeper=twinrun_optuna", "hydra.sweep.dir=s"]
    objective = ["hydra.sweeper.objective=clipping.bound", "hydra.sweeper.direction=minimize"]
    settings = ["hydra.sweeper.sampler=bisect", "hydra.sweeper.n_trials=4", "--json"]
    code, out, err = finish(start(["check", "-m", *typed, *arms, *search, *objective, *settings], tmp_path))
    assert code == 1, err
    found = [(job["values"]["clipping.bound"], job["outcome"]) for job in json.loads(out)["jobs"]]
    assert {verdict for _, verdict in found} == {"agrees", "diverges"}
    below, above = ([float(bound) for bound, verdict in found if verdict == each] for each in ("diverges", "agrees"))
    assert max(below) < min(above) <= 100
    assert json.loads(out)["found"].startswith(f"The smallest clipping.bound at which parity holds is {min(above):g}")


@pytest.mark.nightly
def test_jobs_that_are_timed_never_run_beside_one_another(tmp_path):
    typed = ["model=mlp_10_relu", "arms=[{use: reference, name: one}]", "rungs=[schedule]", "training.max_steps=3"]
    code, out, err = finish(
        start(["match", "-m", *typed, "seeds=1,2", "hydra/launcher=joblib", "hydra.sweep.dir=s", "--json"], tmp_path)
    )
    assert code == UNVERIFIED, err
    single, study = json.loads(out)["jobs"]
    assert 0.0 < single["arms"]["one"]["test_accuracy"] < 1.0
    assert 0.0 < study["arms"]["one"]["test_accuracy"] < 1.0
    first, second = (rows[-1] for rows in all_attempts(tmp_path / "s").values())
    assert first.ended <= second.started or second.ended <= first.started
    assert (tmp_path / "s" / "1" / "seed1" / "complete.json").exists()


@pytest.mark.nightly
def test_a_sweep_of_benches(tmp_path):
    measuring = ["check=none", "precision=0.9", "processes=1", "budget_s=20"]
    typed = ["model=mlp_10_relu", "arms=[{use: reference, name: one}]", "training.batch_size=500,1000"]
    code, out, err = finish(start(["bench", "-m", *typed, *measuring, "hydra.sweep.dir=s"], tmp_path))
    assert code == UNVERIFIED, err
    assert "UNVERIFIED: jobs of bench: 2 unverified" in out
    assert "step, ms" in out


@pytest.mark.nightly
def test_verdicts_do_not_depend_on_the_jobs_that_ran_before_in_the_process(tmp_path):
    pytest.importorskip("mindspore")
    pytest.importorskip("tensorflow")
    typed = ["model=mlp_10_relu", "optimizer=adam,momentum,sgd"]
    typed += ["rungs=[loss,optimizer,model,step]", "comparison.forced_steps=2", "hydra/launcher=joblib"]
    typed += ["comparison.budget_s=null", "hydra.launcher.n_jobs=1"]
    verdicts = {}
    for name, most in (("own", 1), ("shared", 16)):
        settings = [f"hydra.launcher.jobs_per_process={most}", f"hydra.sweep.dir={name}"]
        code, _, err = finish(start(["check", "-m", *typed, *settings, "-q"], tmp_path))
        assert code in (0, 1), err
        rows = [attempts[-1] for attempts in all_attempts(tmp_path / name).values()]
        assert len(rows) == 3
        verdicts[name] = [pd.read_parquet(tmp_path / name / row.folder / "verdicts.parquet") for row in rows]
        assert max(row.place_in_process for row in rows) == (1 if most == 1 else 3)
    for own, shared in zip(verdicts["own"], verdicts["shared"], strict=True):
        assert len(own) > 10
        pd.testing.assert_frame_equal(own, shared)
