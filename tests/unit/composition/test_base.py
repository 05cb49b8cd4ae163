"""What is resolved already is not resolved again."""

from __future__ import annotations

from typing import Any

import pytest

from harness.composition.base import base_of, literal
from harness.composition.groups import ConfigGroups
from harness.composition.overrides import Overrides
from harness.composition.resolution import resolved


@pytest.mark.parametrize(
    "value",
    ["plain", "${a}", "x ${oc.env:HOME} y", "\\${a}", "\\\\${a}", "$", "{a}", 3, None, [1, "${a}"], {"k": ["${a}"]}],
)
def test_literal_text_is_what_a_resolution_gives_back(value: Any) -> None:
    tree = {"a": "other", "value": literal(value), "forced": "${a}"}
    assert resolved(tree)["value"] == value


def test_an_option_that_does_not_exist_is_noted_and_the_nearest_stands_in() -> None:
    asked = Overrides(choices=[("schedule", "cosin")])
    tree = base_of(ConfigGroups.beside(()), asked)
    assert tree["schedule"]["kind"] == "cosine"
    (mistake,) = asked.mistakes
    assert mistake.startswith("schedule=cosin: there is no such schedule; did you mean schedule=cosine? Allowed: ")


def test_a_choice_replaces_the_group_and_the_rest_is_the_roots() -> None:
    groups = ConfigGroups.beside(())
    plain = base_of(groups, Overrides())
    tree = base_of(groups, Overrides(choices=[("optimizer", "sgd")]))
    assert tree["optimizer"]["kind"] == "sgd"
    assert {key: value for key, value in tree.items() if key != "optimizer"} == {
        key: value for key, value in plain.items() if key != "optimizer"
    }


def test_a_recorded_experiment_takes_no_experiment_beside_it() -> None:
    asked = Overrides(source="nowhere.json", choices=[("experiment", "cnn")])
    base_of(ConfigGroups.beside(()), asked)
    assert asked.mistakes[0] == "experiment=cnn: from=FILE is an experiment already; give one of them"
    assert asked.mistakes[1].startswith("from=nowhere.json: ")
