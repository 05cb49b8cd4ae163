"""Names of arms and of a suite's schedules become what their files hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from composing import write

from harness.composition.expansion import MOST_ENTRIES, Expansion
from harness.composition.groups import ConfigGroups


@pytest.fixture
def expansion() -> Expansion:
    return Expansion(ConfigGroups.beside(()))


def test_a_name_a_mapping_with_use_and_a_spec_in_full(expansion: Expansion) -> None:
    whole = {"name": "mine", "adapter": "reference", "mode": "numpy"}
    lists, mistakes = expansion.expanded({"arms": ["tensorflow", {"use": "mindspore", "threads": 1}, whole]})
    assert mistakes == []
    named, over, as_it_is = lists["arms"]
    assert (named["name"], named["adapter"], named["mode"]) == ("tensorflow", "tensorflow", "graph")
    assert (over["adapter"], over["threads"]) == ("mindspore", 1)
    assert "use" not in over
    assert as_it_is == whole


def test_what_the_root_says_of_every_arm_goes_over_each(expansion: Expansion) -> None:
    tree = {"arms": ["tensorflow", {"use": "mindspore", "precision": "float32"}], "arm": {"precision": "float64"}}
    lists, mistakes = expansion.expanded(tree)
    assert [arm["precision"] for arm in lists["arms"]] == ["float64", "float64"]
    assert mistakes == []


def test_an_arm_beside_itself_gets_a_name_of_its_own(expansion: Expansion) -> None:
    second = {"name": "tensorflow_2", "adapter": "reference", "mode": "numpy"}
    lists, _ = expansion.expanded({"arms": ["tensorflow", second, "tensorflow", "tensorflow"]})
    names = [arm["name"] for arm in lists["arms"]]
    assert names == ["tensorflow", "tensorflow_2", "tensorflow_3", "tensorflow_4"]


def test_all_is_every_file_of_the_group(expansion: Expansion) -> None:
    lists, _ = expansion.expanded({"suite": "all"})
    assert len(lists["suite"]) == len(expansion.groups.options("schedule"))
    assert all("kind" in schedule for schedule in lists["suite"])


def test_a_name_that_does_not_exist_is_told_and_the_rest_goes_on(expansion: Expansion) -> None:
    lists, mistakes = expansion.expanded({"arms": ["tensorflw", "mindspore"]})
    (mistake,) = mistakes
    assert mistake.path == ("arms", "0")
    assert mistake.text.startswith("arms.0: there is no arm 'tensorflw'; did you mean tensorflow?")
    assert [arm["adapter"] for arm in lists["arms"]] == ["tensorflow", "mindspore"]


def test_a_bare_name_in_place_of_a_list(expansion: Expansion) -> None:
    _, (mistake,) = expansion.expanded({"arms": "tensorflow"})
    assert mistake.text == "arms: given 'tensorflow'; a list is written arms=[tensorflow]"


def test_what_is_no_list_is_left_to_the_validation(expansion: Expansion) -> None:
    assert expansion.expanded({"arms": 3}) == ({"arms": 3}, [])


def test_too_many_entries(expansion: Expansion) -> None:
    lists, (mistake,) = expansion.expanded({"arms": ["reference"] * (MOST_ENTRIES + 1)})
    assert lists["arms"] == []
    assert mistake.text == f"arms: given {MOST_ENTRIES + 1:,} entries; allowed: 1 to {MOST_ENTRIES}"


def test_fields_of_every_arm_must_be_a_mapping(expansion: Expansion) -> None:
    _, (mistake,) = expansion.expanded({"arms": ["reference"], "arm": 3})
    assert mistake.text == "arm: given 3; allowed: a mapping of fields"


def test_of_several_files_the_one_at_fault_is_named(tmp_path: Path) -> None:
    files = {"arm/good.yaml": "name: good\nadapter: reference\nmode: numpy\n", "arm/bad.yaml": "a: [\n"}
    groups = ConfigGroups.beside([write(tmp_path, files)])
    lists, mistakes = Expansion(groups).expanded({"arms": ["good", "bad"]})
    (mistake,) = mistakes
    assert mistake.path == ("arms", "1")
    assert mistake.covers_below
    assert mistake.text.startswith("arms.1: conf file arm/bad.yaml: ")
    assert lists["arms"][0]["adapter"] == "reference"
