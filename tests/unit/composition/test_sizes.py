"""What would not fit is refused with its estimate, at once, before anything is drawn, loaded or written."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.composition import UserMistake, compose_study, preflight, sizes
from harness.plan import draw_plan
from harness.spec import Experiment
from harness.system.memory import available_memory

TEN = "{kind: dense, units: 10, kernel_initializer: zeros}"
WIDE = f"model.layers=[flatten,{TEN.replace('10', '1000000000')},{TEN}]"
VALUES = ["loss=mean_squared_error", "arms=[reference]"]
HUGE = {
    "units": ([WIDE], "model.layers.1"),
    "filters": (
        ["model.layers=[{kind: conv2d, filters: 2000000000, kernel_size: [3,3], kernel_initializer: zeros},"
         f"flatten,{TEN}]"],
        "model.layers",
    ),
    "samples of sales": (["data=sales", "model=linear_2", "data.samples=2000000000000", *VALUES], "to train on"),
    "samples of a polynomial": (
        ["data=polynomial", "model=mlp_1_5_5_1", "data.test_size=100000000000", *VALUES], "the sizes in data"
    ),
    "epochs": (["training.epochs=1000000000"], "training.epochs"),
    "passes": (["training.passes_per_epoch=1000000000", "training.max_steps=1"], "training.passes_per_epoch"),
    "steps": (["training.epochs=2000000000", "training.max_steps=2000000000"], "training.max_steps"),
    "masks": (["model.layers.1={kind: dropout, rate: 0.5}", "training.epochs=10000000"], "noise of model.layers.1"),
    "augmentation": (["data.augmentation={shift: 2}", "training.epochs=1000000000"], "augmentation"),
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_what_does_not_fit_is_refused_at_once(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    overrides, told = HUGE[name]
    start = time.process_time()
    with pytest.raises(UserMistake) as caught:
        preflight.prepare(overrides, [])
    assert time.process_time() - start < 2
    assert told in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sizes, "available_memory", lambda: (100 << 30, "available on this machine"))
    with pytest.raises(UserMistake) as caught:
        preflight.prepare([WIDE, "arms=[reference]"], [])
    (memory, *_) = caught.value.mistakes
    assert memory.startswith("this takes at least ")
    assert "TiB of memory: " in memory
    assert "for weights (model.layers.1)" in memory
    assert "; 100 GiB is available on this machine; lower model.layers.1" in memory


RESIDUAL = "{kind: residual, layers: [{kind: dense, units: 784, kernel_initializer: zeros}, {kind: layer_norm}]}"


def test_a_limit_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The outputs of a batch of 500, in inner layers too, for two arms and four draws of the reference in float32."""
    monkeypatch.chdir(tmp_path)
    given = [f"model.layers=[flatten,{RESIDUAL},{TEN}]", "training.batch_size=500", "arms=[mindspore,tensorflow]"]
    with pytest.raises(UserMistake) as caught:
        preflight.prepare([*given, "comparison.memory_bytes=20000000"], [])
    (message,) = caught.value.mistakes
    assert message.startswith("this takes at least ")
    assert (
        f"{500 * 3 * 784 * 4 * 4 / (1 << 20):.3g} MiB for a batch's outputs of model.layers.1 in 4 draws of" in message
    )
    assert "; 19.1 MiB is comparison.memory_bytes; lower " in message
    assert "training.batch_size or model.layers.1" in message
    preflight.prepare([*given, "comparison.memory_bytes=2000000000"], [])
    preflight.prepare(given, [])


def test_a_limit_beyond_what_is_available(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sizes, "available_memory", lambda: (1 << 20, "available on this machine"))
    with pytest.raises(UserMistake, match="1 MiB is available on this machine"):
        preflight.prepare(["comparison.memory_bytes=1000000000000"], [])


@pytest.mark.parametrize("given", ["true", "0", "-1", "many", "1.5"])
def test_a_limit_that_is_none(given: str) -> None:
    with pytest.raises(UserMistake, match=r"comparison\.memory_bytes: given"):
        preflight.prepare([f"comparison.memory_bytes={given}"], [])


def test_a_long_training_that_is_cut_is_not_refused(tmp_path: Path) -> None:
    study, _ = preflight.prepare(["training.epochs=1000000000", "training.max_steps=3", f"results_root={tmp_path}"], [])
    assert study.first.experiment.training.epochs == 1_000_000_000


def test_the_plans_of_all_seeds_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "available_memory", lambda: (1 << 30, "available on this machine"))
    study = compose_study(["seeds=1000", f"out={tmp_path}/run"])
    preflight.refuse_too_large(study.at_first_seeds())
    with pytest.raises(UserMistake, match="of memory"):
        preflight.refuse_too_large(study)


def test_a_disk_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UserMistake) as caught:
        preflight.prepare([f"out={tmp_path}/a/b"], [])
    assert "of disk: " in str(caught.value)
    assert f"1 MiB is free in the file system of {tmp_path}" in str(caught.value)


def test_the_estimate_is_what_a_plan_takes(experiment_of: Callable[..., Experiment]) -> None:
    """No more, or what fits would be refused."""
    stated = experiment_of(
        model={
            "input": {"shape": [28, 28, 1]},
            "layers": [
                "flatten",
                {"kind": "dropout", "rate": 0.5},
                {"kind": "dense", "units": 10, "kernel_initializer": "zeros", "activation": "rrelu"},
            ],
        },
        data={"kind": "mnist5k", "augmentation": {"shift": 2}},
        training={"epochs": 5, "batch_size": 1500, "max_steps": 8},
    )
    plan = draw_plan(stated, 4000)
    drawn = [*plan.orders, *(array for part in (*plan.noise, *plan.augmentation) for array in part.values())]
    assert sum(part.size for part in sizes._drawn(stated)) == sum(np.asarray(array).nbytes for array in drawn)
    weights = sum(sizes._parameters(stated).values()) * 8
    assert weights == sum(array.nbytes for array in plan.weights.values())
    assert plan.steps == stated.training.steps(4000)


def test_available_memory_is_bounded_by_the_machines() -> None:
    most, bound = available_memory()
    assert 0 < most < 1 << 50
    assert bound
