"""An experiment with variants is a study; what was typed has the last word over what a variant says."""

from __future__ import annotations

from pathlib import Path

import pytest
from composing import write

from harness.composition.mistakes import UserMistake
from harness.composition.variants import compose_study

STUDY = """\
# @package _global_
name: two
variants:
  fast: [schedule.rate=0.5, training.epochs=2]
  slow: [schedule.rate=0.001]
orderings:
  - {better: fast, than: slow, by: 0.1}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, {"experiment/two.yaml": STUDY})


def refusals(*overrides: str) -> tuple[str, ...]:
    with pytest.raises(UserMistake) as caught:
        compose_study(overrides)
    return caught.value.mistakes


def test_without_variants_there_is_one_experiment() -> None:
    study = compose_study(["seed=3"])
    assert study.is_single
    assert study.first.experiment.variant is None
    assert study.orderings == ()


def test_variants_are_in_order_with_what_each_says(folder: Path) -> None:
    study = compose_study(["experiment=two"], [folder])
    assert not study.is_single
    assert [each.experiment.variant for each in study.variants] == ["fast", "slow"]
    assert [each.experiment.schedule.rate for each in study.variants] == [0.5, 0.001]
    assert [(each.better, each.than) for each in study.orderings] == [("fast", "slow")]


def test_what_was_typed_has_the_last_word(folder: Path) -> None:
    study = compose_study(["experiment=two", "training.epochs=7"], [folder])
    assert [each.experiment.training.epochs for each in study.variants] == [7, 7]


def test_one_variant(folder: Path) -> None:
    study = compose_study(["experiment=two", "variant=slow"], [folder])
    assert [each.experiment.variant for each in study.variants] == ["slow"]


def test_a_variant_that_does_not_exist(folder: Path) -> None:
    with pytest.raises(UserMistake, match="there is no such variant; did you mean variant=slow"):
        compose_study(["experiment=two", "variant=slo"], [folder])


def test_mistakes_of_every_variant_are_told_with_its_name() -> None:
    told = refusals("variants={a: ['schedule.rate=x'], b: ['training.epochs=0']}")
    assert [each.partition(": ")[0] for each in told] == ["variant a", "variant b"]


@pytest.mark.parametrize("given", ["variants=3", "variants=[a]"])
def test_variants_are_a_mapping(given: str) -> None:
    (told,) = refusals(given)
    assert told.endswith("allowed: a mapping from names to lists of overrides")


def test_a_variant_is_a_list_of_overrides() -> None:
    told = refusals("variants={a: 3, b: [4], c: ['seed=1']}")
    assert [each.partition(":")[0] for each in told] == ["variants.a", "variants.b"]


def test_an_ordering_of_a_variant_that_was_dropped_says_nothing(folder: Path) -> None:
    study = compose_study(["experiment=two", "~variants.fast"], [folder])
    assert [each.experiment.variant for each in study.variants] == ["slow"]
    assert study.orderings == ()


def test_seeds_of_each_variant_and_the_first_of_each() -> None:
    study = compose_study(["seeds=3", "seed=5"])
    assert not study.is_single
    assert study.first.seeds == (5, 6, 7)
    assert [each.seeds for each in study.at_first_seeds().variants] == [(5,)]
