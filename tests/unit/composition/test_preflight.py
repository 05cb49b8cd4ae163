"""What is told before anything runs: words that an arm cannot make, and data that does not go with the rest."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from composing import write

import adapters.mindspore
import adapters.reference
import adapters.tensorflow
from adapters.setting import Setting, composed, unsupported
from harness.composition import UserMistake, capabilities, preflight
from harness.data import Dataset
from harness.spec import Arm, Experiment
from harness.spec.initializers import XavierUniform
from harness.spec.layers import Dense
from harness.spec.losses import SoftmaxCrossEntropy

REFUSED = unsupported("it is made up for a test")
RESULTS = "results_root=somewhere"


def mistakes(*overrides: str, config_dirs: tuple[Path, ...] = ()) -> tuple[str, ...]:
    with pytest.raises(UserMistake) as caught:
        preflight.prepare([*overrides, RESULTS], config_dirs)
    return caught.value.mistakes


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def offered() -> dict[str, Arm]:
    """The arms that ship, by name."""
    return {arm.name: arm for arm in preflight.offered([])}


@pytest.fixture
def told(experiment_of: Callable[..., Experiment], offered: dict[str, Arm]) -> Callable[..., list[str]]:
    """What is said of an experiment with some of the arms that ship, their fields changed."""

    def tell(*names: str, **changed: Any) -> list[str]:
        experiment = experiment_of(arms=[offered[name].model_copy(update=changed) for name in names])
        return capabilities.unsupported(experiment, experiment.arms, offered.values)

    return tell


@pytest.fixture
def without_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(adapters.mindspore.INFO.entries, SoftmaxCrossEntropy, REFUSED)  # type: ignore[arg-type]


Told = Callable[..., list[str]]
BOTH = ("mindspore", "tensorflow")


# --- Words an arm cannot make ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_loss")
def test_a_word_is_told_with_its_reason_and_the_arms_that_can(told: Told) -> None:
    said = (
        "arm mindspore does not support loss softmax_cross_entropy: it is made up for a test; "
        "arms that do: reference, tensorflow, tensorflow_eager, tensorflow_step, tensorflow_xla"
    )
    assert told(*BOTH) == [said]
    found = mistakes("training.batch_size=5000")
    assert found[0] == said
    assert found[1].startswith("training.batch_size: given 5000")
    assert len(found) == 2
    assert list(Path.cwd().iterdir()) == []


def test_what_every_arm_can_make_is_prepared(offered: dict[str, Arm], told: Told) -> None:
    assert told(*offered) == []
    study, data = preflight.prepare([RESULTS], [])
    assert len(study.variants) == len(data) == 1


@pytest.mark.usefixtures("without_loss")
def test_every_arm_that_is_chosen_is_told_and_no_other(told: Told) -> None:
    found = told("mindspore", "mindspore_pynative", "tensorflow")
    assert [text.partition(" does not")[0] for text in found] == ["arm mindspore", "arm mindspore_pynative"]
    assert told("tensorflow") == []


@pytest.mark.usefixtures("without_loss")
def test_a_users_own_arms_count_and_a_broken_one_does_not_stop_the_telling(tmp_path: Path) -> None:
    own = "name: {}\nadapter: {}\nmode: graph\n"
    files = {"arm/mine.yaml": own.format("mine", "tensorflow"), "arm/broken.yaml": "name: [1\n"}
    files["arm/elsewhere.yaml"] = own.format("elsewhere", "no_such_adapter")
    found = mistakes(config_dirs=(write(tmp_path / "own", files),))
    assert found[0].endswith(
        "arms that do: mine, reference, tensorflow, tensorflow_eager, tensorflow_step, tensorflow_xla"
    )


def test_arms_are_offered_in_the_precision_that_was_asked_for(monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    def entry(word: Any, setting: Setting) -> Any:
        return REFUSED if setting.precision == "float64" else composed("pieces", "a test")

    for framework in (adapters.mindspore, adapters.tensorflow):
        monkeypatch.setitem(framework.INFO.entries, Dense, entry)  # type: ignore[arg-type]
    assert [text.split("; ")[-1] for text in told(*BOTH, precision="float64")] == ["arms that do: reference"] * 2
    assert told(*BOTH) == []


def test_where_no_arm_can_it_is_said(monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    for adapter in (adapters.mindspore, adapters.tensorflow, adapters.reference):
        monkeypatch.setitem(adapter.INFO.entries, Dense, REFUSED)  # type: ignore[arg-type]
    found = told(*BOTH)
    assert len(found) == 2
    assert all(text.endswith("; no arm does") for text in found)


def test_auto_may_turn_out_to_be_a_device_that_can(monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    def entry(word: Any, setting: Setting) -> Any:
        return REFUSED if setting.device != "gpu" else composed("pieces", "a test")

    monkeypatch.setitem(adapters.tensorflow.INFO.entries, Dense, entry)  # type: ignore[arg-type]
    assert told("tensorflow") == []
    assert len(told("tensorflow", device="cpu")) == 1


def test_initializers_are_the_plans(monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    monkeypatch.setitem(adapters.tensorflow.INFO.entries, XavierUniform, REFUSED)  # type: ignore[arg-type]
    assert told("tensorflow") == []


def test_an_arm_that_does_not_exist_is_told_once() -> None:
    (found,) = mistakes("arms=[{use: tensorflow, adapter: tensorflw}]")
    assert "did you mean tensorflow" in found


# --- Data ------------------------------------------------------------------------------------------------------------


def test_targets_outside_the_losss_domain() -> None:
    # Sums of two numbers are no shares of one.
    found = mistakes("data=sales", "model=linear_2", "loss=softmax_cross_entropy", "training.batch_size=32")
    assert [text.partition(":")[0] for text in found] == ["y_train", "y_test"]
    assert "softmax_cross_entropy needs it" in found[0]


def test_full_batch_training_of_values_is_prepared() -> None:
    overrides = ["data=sales", "model=linear_2", "loss=mean_squared_error", "training.batch_size=32"]
    _, (data,) = preflight.prepare([*overrides, RESULTS], [])
    assert len(data.x_train) == 32
    (found,) = mistakes(*overrides[:-1], "training.batch_size=33")
    assert "given 33" in found
    assert "1 to 32" in found


def test_nan_in_the_data_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Any) -> Dataset:
        bad = np.zeros((4, 2))
        bad[2, 1] = np.nan
        return Dataset(bad, np.zeros((4, 1)), bad, np.zeros((4, 1)), "a test", (2,), None)

    monkeypatch.setattr(preflight, "load", broken)
    (found,) = mistakes("data=sales", "model=linear_2", "loss=mean_squared_error", "training.batch_size=4")
    assert "x_train: nan in sample 2" in found
    assert "x_test: nan in sample 2" in found


def test_shapes_that_do_not_fit_are_told_with_the_shape_of_a_sample() -> None:
    (found,) = mistakes("data=sales", "loss=mean_squared_error")
    assert "a sample is (2,)" in found
    assert "has targets (1,)" in found


def test_beside_another_mistake_nothing_is_judged_by_what_was_not_given() -> None:
    # Ten samples are fewer than a batch has where nothing is said, but not than the batch that was asked for.
    (found,) = mistakes("data.test_size=4990", "training.batch_size=5", "training.epoch=3")
    assert "training.epochs" in found


def test_a_holdout_without_files_is_told(tmp_path: Path) -> None:
    (found,) = mistakes("data=mnist", f"data.root={tmp_path / 'none'}", "data.holdout=0.2")
    assert "does not exist" in found
    (found,) = mistakes("data=mnist", "data.holdout=1.5")
    assert found == "data.holdout: given 1.5; allowed: a number >= 0 and < 1"


# --- Folders ---------------------------------------------------------------------------------------------------------


def test_a_link_that_leads_nowhere_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    (found,) = mistakes(f"out={tmp_path}/broken")
    assert found.endswith("broken is a link that leads nowhere, not a folder")


def test_a_folder_below_which_nothing_could_be_written(tmp_path: Path) -> None:
    (found,) = mistakes(f"out={tmp_path}/{'x/' * 1900}")
    assert "File name too long" in found


def test_a_working_folder_that_cannot_be_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / os.fsdecode(b"a\xff")
    folder.mkdir()
    monkeypatch.chdir(folder)
    (found,) = mistakes()
    assert "not valid UTF-8" in found
    assert found.isprintable()


@pytest.mark.parametrize("python", ["'a\0b'", "~nosuchuser/python", "x" * 300, "/"])
def test_an_interpreter_that_is_none(python: str) -> None:
    assert mistakes(f"arms=[reference, {{use: reference, name: b, python: {python}}}]")


def test_an_arrangement_that_the_adapter_does_not_state() -> None:
    (found,) = mistakes("arms=[{use: mindspore, arrangement: avx}, {use: mindspore, name: b, arrangement: avx2}]")
    assert found == "arm mindspore: mindspore has no arrangement 'avx'; did you mean avx2? Allowed: auto, avx2, none"
    (found,) = mistakes("arms=[reference]", "arm.arrangement=avx2")
    assert found.startswith("arm reference: reference has no arrangement 'avx2'")


@pytest.mark.parametrize(
    "spec", ["{schedule.rate.x: 1}", "{schedule: {}}", "{'': 1}", "{schedule.rate: true}", "{a: 1}"]
)
def test_odd_words_of_an_arm(spec: str) -> None:
    assert mistakes(f"arms=[reference, {{use: reference, name: b, spec: {spec}}}]")
