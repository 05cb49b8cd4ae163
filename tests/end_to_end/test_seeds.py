"""`twinrun match seeds=...`: runs of one study, by the reference, which starts at once."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command import ONLY_THE_REFERENCE, ROOT, finish, start

from harness.system.array_files import load_arrays

ARMS = "arms=[{use: reference, name: wide}, {use: reference, name: narrow, precision: float32}]"
LAYERS = "model.layers=[flatten, {kind: dense, units: 10, kernel_initializer: zeros}]"
SHORT = ["schedule.rate=0.01", "training.epochs=1", "training.max_steps=12", "comparison.free_steps=2", LAYERS]
SHORT += ["rungs=[schedule,model]", ARMS]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, Path]:
    folder = tmp_path_factory.mktemp("seeds")
    code, out, err = finish(start(["match", *SHORT, "seeds=3", "seed=5", "out=study", "--details"], folder))
    assert "Traceback" not in out + err
    return code, out, folder / "study"


def test_the_arms_are_compared_over_the_seeds(study: tuple[int, str, Path]) -> None:
    code, out, folder = study
    assert code == ONLY_THE_REFERENCE, out
    (verdict,) = pd.read_parquet(folder / "verdicts.parquet").to_dict("records")
    assert (verdict["rung"], verdict["subject"]) == ("convergence", "test_accuracy over seeds 5 to 7")
    assert (verdict["arm_a"], verdict["arm_b"], verdict["status"]) == ("wide", "narrow", "agrees")
    assert verdict["cause"].endswith("margin 0.3: equivalent")
    for shown in (out, (folder / "report.md").read_text()):
        assert "Over the seeds" in shown
        assert "wide : narrow at one seed" in shown
        assert "two seeds of narrow" in shown


def test_each_seed_is_a_run_with_a_plan_of_its_own(study: tuple[int, str, Path]) -> None:
    _, _, folder = study
    summary = pd.read_parquet(folder / "summary.parquet")
    assert list(zip(summary["seed"], summary["arm"], strict=True)) == [
        (seed, arm) for seed in (5, 6, 7) for arm in ("wide", "narrow")
    ]
    digests = summary.groupby("seed")["plan_digest"].unique()
    assert [len(each) for each in digests] == [1, 1, 1]  # the same plan for both arms ...
    assert len({each[0] for each in digests}) == 3  # ... and another at each seed
    rungs = {seed: set(pd.read_parquet(folder / f"seed{seed}" / "verdicts.parquet")["rung"]) for seed in (5, 6, 7)}
    assert rungs[5] == {"schedule", "inputs", "model", "trajectory", "evaluation"}
    assert rungs[6] == rungs[7] == {"inputs", "trajectory", "evaluation"}
    recorded = json.loads((folder / "seed6" / "experiment.json").read_text())
    assert (recorded["seed"], "seeds" in recorded) == (6, False)


@pytest.mark.nightly
def test_a_recorded_seed_repeats_bit_for_bit(study: tuple[int, str, Path], tmp_path: Path) -> None:
    recorded = study[2] / "seed6"
    arguments = ["match", f"from={recorded / 'experiment.json'}", "rungs=[schedule]", "out=again"]
    code, out, err = finish(start(arguments, tmp_path))
    assert code == ONLY_THE_REFERENCE, out + err
    for arm in ("wide", "narrow"):
        first, again = (pd.read_parquet(run / "arms" / arm / "steps.parquet") for run in (recorded, tmp_path / "again"))
        pd.testing.assert_frame_equal(first, again, check_exact=True)


def test_predictions_are_those_that_were_scored(study: tuple[int, str, Path]) -> None:
    _, _, folder = study
    from harness.data import load
    from harness.spec.data import Mnist5k

    labels = load(Mnist5k()).y_test
    summary = pd.read_parquet(folder / "summary.parquet").set_index(["seed", "arm"])["test_accuracy"]
    said: dict[Any, Any] = {}
    for seed, arm in summary.index:
        said[seed, arm] = load_arrays(folder / f"seed{seed}" / "arms" / arm / "predictions.npz")
        assert np.mean(said[seed, arm]["label"] == labels) == pytest.approx(summary[seed, arm], rel=1e-12)
        assert (said[seed, arm]["margin"] >= 0).all()
    flips = pd.read_parquet(folder / "flips.parquet")
    found = {(row["seed"], row["index"]) for row in flips.to_dict("records")}
    apart = {seed: said[seed, "wide"]["label"] != said[seed, "narrow"]["label"] for seed in (5, 6, 7)}
    assert found == {(seed, index) for seed, each in apart.items() for index in np.flatnonzero(each)}
    spread = pd.read_parquet(folder / "spread.parquet")
    own = spread[(spread["arm_a"] == "wide") & (spread["arm_b"] == "wide")]
    assert list(own["flips"]) == [
        int(np.sum(said[a, "wide"]["label"] != said[b, "wide"]["label"])) for a, b in ((5, 6), (5, 7), (6, 7))
    ]
    assert (own["flips"] > 0).all()


FAILING = """\
import os
from adapters.reference.trainer import ReferenceTrainer
evaluate, trained = ReferenceTrainer.evaluate, []
def once(*given):
    trained.append(given)
    if len(trained) == 2:
        {what}
    return evaluate(*given)
ReferenceTrainer.evaluate = once
"""


def with_fault(folder: Path, what: str) -> list[str]:
    """The arms, the second of which does something in the training of its second seed."""
    (folder / "fault").mkdir()
    (folder / "fault" / "sitecustomize.py").write_text(FAILING.format(what=what))
    own = f"environment: {{PYTHONPATH: '{folder / 'fault'}{os.pathsep}{ROOT}'}}"
    return [*SHORT[:-1], f"arms=[{{use: reference, name: first}}, {{use: reference, name: second, {own}}}]"]


@pytest.mark.nightly
def test_an_arm_that_crashes_at_one_seed(tmp_path: Path) -> None:
    """The other seeds are judged, and the verdict is no agreement."""
    code, out, err = finish(start(["match", *with_fault(tmp_path, "os._exit(7)"), "seeds=3", "out=study"], tmp_path))
    assert (code, "Traceback" in out + err) == (3, False), out + err
    (verdict,) = pd.read_parquet(tmp_path / "study" / "verdicts.parquet").to_dict("records")
    assert verdict["status"] == "crashed"
    assert "equivalent; seed 1: second crashed (exit at train: ended with exit code 7)" in verdict["cause"]
    (row,) = pd.read_parquet(tmp_path / "study" / "convergence.parquet").to_dict("records")
    assert (row["pairs"], row["decision"]) == (2, "equivalent")


@pytest.mark.nightly
def test_stopped_at_one_seed(tmp_path: Path) -> None:
    """What both arms had finished is judged all the same."""
    given = with_fault(tmp_path, "import time; time.sleep(600)")
    process = start(["match", *given, "seeds=3", "out=study"], tmp_path)
    recorded = tmp_path / "study" / "seed0" / "arms" / "second" / "trace.json"
    while process.poll() is None and not (recorded.exists() and json.loads(recorded.read_text())["finished"]):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    code, out, err = finish(process)
    assert (code, "Traceback" in out + err) == (130, False), out + err
    (verdict,) = pd.read_parquet(tmp_path / "study" / "verdicts.parquet").to_dict("records")
    assert verdict["status"] == "interrupted"
    assert "one seed gives no interval" in verdict["cause"]
    assert "seeds 1, 2: second interrupted" in verdict["cause"]
    summary = pd.read_parquet(tmp_path / "study" / "summary.parquet").set_index(["arm", "seed"])["status"]
    assert list(summary["first"]) == ["complete"] * 3
    assert list(summary["second"]) == ["complete", "interrupted", "interrupted"]
    assert "Over the seeds" in (tmp_path / "study" / "report.md").read_text()
