"""Which parameters a group selects, which group decides, and how an update is divided."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from spec_of_three_layers import DENSE, STATED

from harness.spec.experiment import Experiment
from harness.spec.groups import GroupSettings, ParameterGroup, selected, settings_of
from harness.spec.recipe import Update
from harness.spec.schedules import Constant
from harness.spec.vocabulary import parse

NAMES = (
    "conv2d_1/kernel",
    "residual_1/conv2d_1/kernel",
    "residual_1/batch_norm_1/gamma",
    "dense_1/bias",
    "dense_10/bias",
)


def stated(*groups: Any, **fields: Any) -> Experiment:
    optimizer = {**fields.pop("optimizer", STATED["optimizer"]), "groups": groups}
    return Experiment.model_validate({**STATED, **fields, "optimizer": optimizer})


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        ("kernel", {0, 1}),
        ("bias", {3, 4}),
        ("norm", {2}),
        ("embedding", set()),
        ("dense_1", {3}),
        ("dense_1*", {3, 4}),
        ("residual_1", {1, 2}),
        ("residual_1/conv2d_1", {1}),
        ("conv2d_1", {0}),
        ("*conv2d_1", {0, 1}),
        ("*/kernel", {0, 1}),
        ("dense_1/bias", {3}),
        ("dense_1/kernel", set()),
        ("*", {0, 1, 2, 3, 4}),
        ("ense_1", set()),
    ],
)
def test_a_pattern_is_a_kind_a_layer_or_a_parameter(pattern: str, numbers: set[int]) -> None:
    assert {number for number, name in enumerate(NAMES) if selected(pattern, name)} == numbers


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("a/embeddings", True), ("a/embeddings_2", False), ("embeddings/kernel", False)],
)
def test_embeddings_are_a_kind(name: str, is_one: bool) -> None:
    assert selected("embedding", name) is is_one


def test_the_first_group_that_states_a_setting_decides_about_it() -> None:
    groups = (
        ParameterGroup(parameters=("bias",), weight_decay=0.0),
        ParameterGroup(parameters=("dense_1",), rate_factor=0.1, weight_decay=0.5),
        ParameterGroup(parameters=("*",), rate_factor=2.0),
    )
    assert settings_of(groups, "dense_1/bias") == GroupSettings(0.1, 0.0)
    assert settings_of(groups, "dense_1/kernel") == GroupSettings(0.1, 0.5)
    assert settings_of(groups, "dense_2/kernel") == GroupSettings(2.0, None)
    assert settings_of((), "dense_2/kernel") == GroupSettings(1.0, None)


def test_an_update_is_divided_by_rate_and_factor() -> None:
    """What does not decay stays with those of its rate: a class that can leave parameters out needs no second one."""
    word = parse(
        "optimizer",
        {
            "kind": "adamw",
            "factor": 0.01,
            "decayed": "all",
            "groups": [
                {"parameters": "bias", "weight_decay": 0},
                {"parameters": ["b"], "rate_factor": 0.1},
                {"parameters": ["c"], "weight_decay": 0.5},
            ],
        },
    )
    update = Update(optimizer=word, schedule=Constant(rate=1.0))
    names = [f"{layer}/{role}" for layer in "abc" for role in ("kernel", "bias")]
    parts = update.parts(names)
    assert [part.names for part in parts] == [("a/kernel", "a/bias", "c/bias"), ("b/kernel", "b/bias"), ("c/kernel",)]
    assert [part.update.rate_factor for part in parts] == [1.0, 0.1, 1.0]
    assert [part.update.optimizer.factor for part in parts] == [0.01, 0.01, 0.5]  # type: ignore[attr-defined]
    for part in parts:
        assert {name: part.update.is_decayed(name, "all") for name in part.names} == {
            name: not name.endswith("bias") for name in part.names
        }
        (again,) = part.update.parts(part.names)
        assert again == part


def test_a_stated_factor_holds_whatever_decays_else() -> None:
    groups = ({"parameters": "bias", "weight_decay": 0.3},)
    word = parse("weight_decay", {"kind": "coupled", "factor": 0.01, "decayed": "kernels"})
    update = Update(
        optimizer=parse("optimizer", {"kind": "sgd", "groups": groups}), schedule=Constant(rate=1.0), weight_decay=word
    )
    kernel, bias = update.parts(["a/kernel", "a/bias"])
    assert (kernel.update.weight_decay, bias.update.weight_decay.factor) == (word, 0.3)  # type: ignore[attr-defined]
    assert update.is_decayed("a/bias", "kernels")


def test_without_groups_there_is_one_part_and_the_update_itself() -> None:
    update = Update(optimizer=parse("optimizer", "adam"), schedule=Constant(rate=1.0))
    assert update.parts(NAMES) == ((update, NAMES),)


FIXED = {"parameters": "bias", "weight_decay": 0}


@pytest.mark.parametrize(
    ("groups", "fields", "said"),
    [
        (
            [{**FIXED, "parameters": "dens_2"}],
            {},
            "dens_2 selects no parameter; did you mean dense_2? There are the kinds",
        ),
        ([{**FIXED, "parameters": "dense_2/biass"}], {}, "did you mean dense_2/bias?"),
        ([{**FIXED, "parameters": "embedding"}], {}, "embedding selects no parameter: the model has none of this kind"),
        ([{**FIXED, "parameters": "batch_norm_1/moving_mean"}], {}, "selects only parameters that no optimizer moves"),
        ([{"parameters": "bias"}], {}, "the group of bias must have a rate_factor or a weight_decay"),
        (
            [FIXED, {**FIXED, "parameters": "dense_1/bias"}],
            {},
            "groups.1.weight_decay: it has no effect, since groups before",
        ),
        (
            [{**FIXED, "weight_decay": 0.1}],
            {"optimizer": {"kind": "sgd"}},
            "nothing decays whose factor it could replace",
        ),
        (
            [FIXED],
            {"weight_decay": {"kind": "coupled", "factor": 0.1}},
            "optimizer.factor or weight_decay.factor; choose one",
        ),
        ([{**FIXED, "weight_decay": -1}], {}, "greater than or equal to 0"),
        ([{"parameters": "bias", "rate_factor": 0}], {}, "greater than 0"),
        ([{"parameters": "no such", "rate_factor": 1}], {}, "should match pattern"),
    ],
)
def test_a_mistake_is_said_in_words(groups: Any, fields: Any, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        stated(*groups, **fields)
    assert said in str(refused.value)


def test_a_layer_with_the_name_of_a_kind_is_ambiguous() -> None:
    layers = ["flatten", {**DENSE, "units": 10, "name": "bias"}]
    model = {"input": {"shape": [28, 28, 1]}, "layers": layers}
    with pytest.raises(ValidationError, match=r"bias is the name of a layer and of a kind .* type bias/\*"):
        stated(FIXED, model=model)
    assert stated({**FIXED, "parameters": "bias/*"}, model=model).optimizer.groups[0].selects("bias/kernel")


def test_what_goes_with_the_model_is_accepted() -> None:
    stated(
        {"parameters": ["bias", "norm", "embedding"], "weight_decay": 0}, {"parameters": "dense_2", "rate_factor": 0.1}
    )
    stated(FIXED, optimizer={"kind": "sgd"})  # nothing decays, and that is what it says


def test_groups_are_read_back_from_json() -> None:
    made = stated(FIXED, {"parameters": ["dense_2", "norm"], "rate_factor": 0.1})
    assert Experiment.model_validate_json(made.model_dump_json()) == made
