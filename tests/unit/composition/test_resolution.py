"""Interpolations: what they become, and those that would never end."""

from __future__ import annotations

from typing import Any

import pytest
from omegaconf.errors import OmegaConfBaseException

from harness.composition.limits import OMEGACONF_NODES
from harness.composition.mistakes import UserMistake
from harness.composition.resolution import resolved


def test_without_any_the_tree_is_as_it_was() -> None:
    tree = {"a": [1, {"b": "$x {y}"}]}
    assert resolved(tree) == tree
    assert resolved(tree) is not tree


def test_values_keep_their_types() -> None:
    tree = {"a": {"n": 3, "all": [1, 2]}, "b": "${a.n}", "c": "${a.all}", "d": "n is ${a.n}", "e": ["${a.all[1]}"]}
    assert resolved(tree) == {**tree, "b": 3, "c": [1, 2], "d": "n is 3", "e": [2]}


def test_dots_lead_upwards() -> None:
    assert resolved({"a": {"b": {"c": "${..n}"}, "n": 4}})["a"]["b"] == {"c": 4}


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINRUN_TEST_VALUE", "7")
    assert resolved({"a": "${oc.env:TWINRUN_TEST_VALUE}"}) == {"a": "7"}


@pytest.mark.parametrize("text", ["${nowhere}", "${a.b.c}", "???", "${a"])
def test_what_cannot_be_resolved(text: str) -> None:
    with pytest.raises(OmegaConfBaseException):
        resolved({"a": 1, "b": text})


@pytest.mark.parametrize("tree", [{"a": "${a}"}, {"a": "${b}", "b": "${a}"}, {"a": {"b": "${a}"}}])
def test_circles(tree: dict[str, Any]) -> None:
    with pytest.raises((UserMistake, OmegaConfBaseException)):
        resolved(tree)


def test_each_names_the_one_before_twice() -> None:
    """20 lines that stand for a million values."""
    tree: dict[str, Any] = {"v0": [1]}
    for number in range(20):
        tree[f"v{number + 1}"] = [f"${{v{number}}}", f"${{v{number}}}"]
    with pytest.raises(UserMistake) as caught:
        resolved(tree)
    assert str(caught.value).endswith(
        f"values once its interpolations are replaced; allowed in a config with interpolations: {OMEGACONF_NODES:,}"
    )
