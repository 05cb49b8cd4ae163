"""Before a run begins, `auto` is replaced in every arm of every variant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from arranging import FAST, MINDSPORE, SLOW, machine

from harness.composition import compose_study
from harness.scenarios.arrangement import arranged_arms, arranged_study
from harness.spec.arm import Arm
from harness.worker.arrangement import choice
from harness.worker.arrangement.figures import Figures


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The arms that were measured, on a machine where AVX2 is faster."""
    machine(monkeypatch, tmp_path)
    measured: list[str] = []

    def measure(arm: Arm, names: Sequence[str]) -> dict[str, Figures]:
        measured.append(arm.name)
        return {"none": SLOW, "avx2": FAST}

    monkeypatch.setattr(choice, "measure", measure)
    monkeypatch.setattr(choice, "versions_of", lambda arm: {"mindspore": "2.10.0"})
    return measured


def test_of_one_experiment(measured: list[str]) -> None:
    composed = compose_study(
        ["model=cnn", "arms=[mindspore,tensorflow,{use: mindspore, name: off, arrangement: none}]"]
    )
    study, (choices,) = arranged_study(composed, lambda text: None)
    assert [arm.arrangement for arm in study.first.experiment.arms] == ["avx2", "none", "none"]
    assert {name: chosen.reason for name, chosen in choices.items()} == {
        "mindspore": "calibrated",
        "tensorflow": "none",
        "off": "none",
    }
    assert measured == ["mindspore"]
    again, _ = arranged_study(study, lambda text: None)
    assert again == study


def test_a_model_without_convolutions_costs_nothing(measured: list[str]) -> None:
    study, _ = arranged_study(compose_study(["model=mlp_relu"]), lambda text: None)
    assert [arm.arrangement for arm in study.first.experiment.arms] == ["none", "none"]
    assert measured == []


def test_each_variant_by_its_own_model(measured: list[str]) -> None:
    variants = "variants={dense: ['model=mlp_relu'], images: ['model=cnn'], noisy: ['model=cnn_dropout']}"
    study, choices = arranged_study(compose_study([variants, "arms=[mindspore]"]), lambda text: None)
    assert [variant.experiment.arms[0].arrangement for variant in study.variants] == ["none", "avx2", "avx2"]
    assert [each["mindspore"].reason for each in choices] == ["none", "calibrated", "calibrated"]
    assert measured == ["mindspore"]


def test_the_committed_experiment_states_it(measured: list[str]) -> None:
    _, choices = arranged_study(compose_study(["experiment=cnn"]), lambda text: None)
    assert {str(each["mindspore"]) for each in choices} == {"ONEDNN_MAX_CPU_ISA=AVX2 (stated)"}
    assert measured == []


def test_the_models_of_a_pair_may_have_convolutions(measured: list[str]) -> None:
    arms, choices = arranged_arms([MINDSPORE], lambda text: None)
    assert [arm.arrangement for arm in arms] == ["avx2"]
    assert choices["mindspore"].reason == "calibrated"
    assert measured == ["mindspore"]
