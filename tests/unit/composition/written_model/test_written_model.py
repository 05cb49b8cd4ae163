"""Models as a person writes them: what they become, from where it comes, and what is wrong in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from composing import mistakes, write
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cli import main
from harness.composition import compose
from harness.composition.written_model.model import explicit_model
from harness.spec.model import Model

ROOT = Path(__file__).parents[4]

RESIDUAL = """
parameters: {width: 16, blocks_count: 3}
input: [28, 28, 1]
layer_defaults: {activation: relu, padding: same, conv2d: {kernel_initializer: he_normal}}
blocks:
  basic:
    parameters: {filters: width}
    layers:
      - kind: residual
        layers:
          - {kind: conv2d, filters: filters, kernel_size: 3}
          - {kind: conv2d, filters: filters, kernel_size: 3, activation: linear}
      - activation
layers:
  - {kind: conv2d, filters: width, kernel_size: 3}
  - {kind: max_pool2d, pool_size: 2}
  - repeat: {times: blocks_count, layers: [{block: basic}]}
  - global_average_pool2d
  - {kind: dense, units: 10, activation: linear}
"""


def model(text: str) -> Any:
    return explicit_model(yaml.safe_load(text))


def layers(text: str) -> list[Any]:
    explicit = model(f"input: [8, 8, 1]\n{text}")
    assert explicit.mistakes == []
    Model.model_validate(explicit.tree)
    return list(explicit.tree["layers"])


def test_a_residual_network_of_a_few_lines() -> None:
    explicit = model(RESIDUAL)
    assert explicit.mistakes == []
    spec = Model.model_validate(explicit.tree)
    kinds = [layer.word() for layer in spec.layers]
    assert kinds == ["conv2d", "max_pool2d", *["residual", "activation"] * 3, "global_average_pool2d", "dense"]
    assert spec.parameter_count == (9 * 16 + 16) + 6 * (9 * 16 * 16 + 16) + 16 * 10 + 10
    assert spec.model_dump(mode="json") == explicit.tree


def test_the_documented_network_is_of_fifteen_lines_and_works(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "models.md").read_text()
    text = page.partition("<!-- residual -->\n```yaml\n")[2].partition("```")[0]
    assert 10 <= len(text.splitlines()) <= 15
    write(tmp_path, {"model/small_resnet.yaml": text})
    spec = compose(["model=small_resnet"], [tmp_path]).experiment.model
    assert [layer.word() for layer in spec.layers].count("residual") == 3
    wider = compose(["model=small_resnet", "model.parameters.width=32"], [tmp_path]).experiment.model
    assert wider.layers[0].filters == 2 * spec.layers[0].filters  # type: ignore[attr-defined]


def test_numbers_and_names_stand_for_pairs_and_words() -> None:
    conv, pool, flat, dense = layers(
        "layers: [{kind: conv2d, filters: 4, kernel_size: 3, activation: leaky_relu}, {kind: max_pool2d, pool_size: 2},"
        " flatten, {kind: dense, units: 10}]"
    )
    assert (conv["kernel_size"], conv["strides"], conv["padding"]) == ([3, 3], [1, 1], "valid")
    assert conv["activation"] == {"kind": "leaky_relu", "slope": 0.01}
    assert conv["kernel_initializer"] == {"kind": "xavier_uniform"}
    assert (pool["pool_size"], pool["strides"]) == ([2, 2], [2, 2])
    assert flat == {"kind": "flatten", "name": None, "trainable": True, "order": "channels_last"}
    assert dense["bias_initializer"] == {"kind": "zeros"}


def test_strides_follow_a_pool_size_that_is_no_square() -> None:
    (pool, *_) = layers("layers: [{kind: average_pool2d, pool_size: [3, 2]}]")
    assert pool["strides"] == [3, 2]


def test_the_nearest_level_counts() -> None:
    text = """
layer_defaults: {padding: same, use_bias: false, conv2d: {padding: valid}}
layers:
  - {kind: conv2d, filters: 4, kernel_size: 3}
  - {kind: conv2d, filters: 4, kernel_size: 3, padding: same}
  - {kind: max_pool2d, pool_size: 2}
  - flatten
  - {kind: dense, units: 10, use_bias: true}
"""
    first, second, pool, _, dense = layers(text)
    assert [layer["padding"] for layer in (first, second, pool)] == ["valid", "same", "same"]
    assert [layer["use_bias"] for layer in (first, second, dense)] == [False, False, True]
    explained = model(f"input: [8, 8, 1]\n{text}").explained()
    at = ("model", "layers")
    assert explained[(*at, "0", "padding")] == "layer_defaults.conv2d.padding, over layer_defaults.padding: 'same'"
    assert explained[(*at, "1", "padding")] == "over layer_defaults.conv2d.padding: 'valid'"
    assert explained[(*at, "4", "use_bias")] == "over layer_defaults.use_bias: false"


def test_names_in_a_repeat_get_its_number() -> None:
    text = "layers: [{repeat: {times: 2, layers: [{kind: conv2d, name: c, filters: 1, kernel_size: 1}]}}]"
    assert [layer["name"] for layer in layers(text)] == ["c_1", "c_2"]


def test_parameters_of_a_block_go_before_those_of_the_model() -> None:
    text = """
parameters: {width: 4}
blocks: {wide: {parameters: {width: null, twice: 2*width}, layers: [{kind: conv2d, filters: twice, kernel_size: 1}]}}
layers: [{block: wide, width: width+1}, {kind: conv2d, filters: width, kernel_size: 1}]
"""
    assert [layer["filters"] for layer in layers(text)] == [10, 4]


def test_parameters_may_use_one_another_in_any_order() -> None:
    text = "parameters: {width: 2*depth, depth: 3}\nlayers: [{kind: conv2d, filters: width, kernel_size: 1}]"
    assert layers(text)[0]["filters"] == 6


def test_a_parameter_that_a_file_does_not_use_is_no_mistake(tmp_path: Path) -> None:
    write(tmp_path, {"model/mine.yaml": RESIDUAL})
    once = compose(["model=mine", "model.layers.2.repeat.times=1"], [tmp_path]).experiment.model
    assert [layer.word() for layer in once.layers].count("residual") == 1


def test_an_explicit_model_stays_as_it_is() -> None:
    tree = compose([]).experiment.model.model_dump(mode="json")
    explicit = explicit_model(tree)
    assert (explicit.tree, explicit.notes, explicit.mistakes) == (tree, {}, [])


@pytest.mark.parametrize("written", [None, 3, [], {}, {"layers": 3}, {"layers": []}, {"layers": [3, None, [], {}]}])
def test_no_model_at_all_is_left_to_the_validation(written: Any) -> None:
    explicit_model(written)


KEYS = (
    *("kind", "name", "filters", "kernel_size", "activation", "kernel_initializer", "branches", "conv2d", "shape"),
    *("repeat", "times", "layers", "block", "blocks", "basic", "parameters", "width", "layer_defaults", "input"),
)
# What a person might type by mistake: any value under any key.
VALUES = st.recursive(
    st.sampled_from([None, True, 0, 3, -1, 2.5, "", "relu", "width", "2*width", "basic", "conv2d", "x y", "${a}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(
    written=st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("input", "layers", "parameters", "blocks", "layer_defaults"), VALUES)
    )
)
def test_whatever_is_written_ends_in_a_model_or_in_mistakes(written: Any) -> None:
    explicit = explicit_model(written)
    for mistake in explicit.mistakes:
        assert mistake.path[0] == "model"
        assert mistake.text.startswith("model")
    explicit.explained()


MISTAKES = {
    "parameters: {width: 16, n: width/3}\nlayers: [{kind: dense, units: n}]": [
        "model.parameters.n: width/3 is 5.33333 with width=16, which is no whole number"
    ],
    "parameters: {width: 16.5}\nlayers: [{kind: dense, units: width}]": [
        "model.parameters.width: given 16.5; allowed: a whole number or arithmetic of other parameters"
    ],
    "parameters: {width: 2*depth, depth: width/2}\nlayers: [flatten, {kind: dense, units: width}]": [
        "model.parameters.width: the parameters width, depth refer to one another in a circle"
    ],
    "parameters: {width: 16.5, n: width/2}\nlayers: [flatten, {kind: dense, units: n}]": [
        "model.parameters.width: given 16.5"
    ],
    "parameters: {for: 3}\nlayers: [flatten, {kind: dense, units: 10}]": [
        "model.parameters.for: this cannot be the name of a parameter"
    ],
    "layers: [flatten, {kind: dense, units: widht}]": ["model.layers.1.units: there is no parameter widht"],
    "layers: [flatten, {kind: dense, units: 10, activation: rleu}]": ["did you mean relu?"],
    "layers: [{repeat: {times: 2, layers: [{kind: conv2d, filters: 2, kernel_size: 2.5}]}}, flatten, {kind: dense, "
    "units: 10}]": ["model.layers.0.repeat.layers.0.kernel_size: given 2.5; allowed: a whole number > 0"],
    "layers: [{block: basc}, flatten, {kind: dense, units: 10}]\nblocks: {basic: [flatten]}": [
        "model.layers.0.block: there is no block 'basc'; did you mean basic?"
    ],
    "layers: [{block: a}, {kind: dense, units: 10}]\nblocks: {a: [{block: b}], b: [{block: a}]}": [
        "model.blocks.b.layers.0.block: the block a contains itself"
    ],
    "layers: [{block: a}, {kind: dense, units: 10}]\nblocks: {a: {parameters: {n: null}, layers: [flatten]}}": [
        "model.layers.0: block a needs n"
    ],
    "layers: [{block: a, m: 3}, {kind: dense, units: 10}]\nblocks: {a: [flatten]}": [
        "model.layers.0.m: block a has no parameters"
    ],
    "layers: [{repeat: {times: -1, layers: [flatten]}}]": ["model.layers.0.repeat.times: given -1; allowed: 0 to 500"],
    "layers: [{repeat: {layers: [flatten]}}]": ["allowed: {repeat: {times: 3, layers: [...]}}"],
    "layers: [{units: 3}]": ["model.layers.0: given {'units': 3}; allowed: a layer with its kind, {repeat"],
    "layers: [{repeat: {times: 500, layers: [{repeat: {times: 500, layers: [flatten]}}]}}]": [
        "model.layers: more layers once repeats and blocks are written out; allowed: a list of 1 to 500"
    ],
    "layer_defaults: {activtion: relu}\nlayers: [flatten, {kind: dense, units: 10}]": [
        "model.layer_defaults.activtion: this is neither a kind of layer nor a field of one (given 'relu'); did you "
        "mean activation?"
    ],
    "layer_defaults: {dense: {unit: 3}}\nlayers: [flatten, {kind: dense, units: 10}]": [
        "model.layer_defaults.dense.unit: dense has no such field; did you mean units?"
    ],
    "layer_defaults: {activation: rleu}\nlayers: [flatten, {kind: dense, units: 10}, {kind: dense, units: 10, "
    "activation: linear}]": ["model.layer_defaults.activation: given 'rleu'; did you mean relu?"],
    "layer_defaults: {activation: relu}\nlayers: [flatten, {kind: dense, units: 10}]": [
        "model.layers.1.activation: state the activation of the output; model.layer_defaults.activation is for inner "
        "layers"
    ],
    "layers: [flatten, {repeat: {times: 1, layers: [{kind: max_pool2d, pool_size: 2}]}}]": [
        "layer 1, written as model.layers.1.repeat.layers.0 (max_pool2d_1): max_pool2d takes images"
    ],
    "layer: []\nlayers: [flatten, {kind: dense, units: 10}]": [
        "model.layer: there is no such key (given []); did you mean model.layers?"
    ],
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_said_where_it_was_written(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"model/mine.yaml": f"input: [28, 28, 1]\n{text}\n"})
    said = mistakes("model=mine", config_dirs=[tmp_path])
    assert len(said) == len(MISTAKES[text]), said
    for message, part in zip(said, MISTAKES[text], strict=True):
        assert part in message


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    write(tmp_path, {"model/mine.yaml": RESIDUAL})
    typed = ["model.parameters.widht=32", "model.layers.1.pool_size=a*b", "model.layers.4.unit=3", "training.epoch=3"]
    said = mistakes("model=mine", *typed, config_dirs=[tmp_path])
    for part in ("model.parameters.widht: no layer", "model.layers.1.pool_size: there is no parameter a",
                 "model.layers.4.unit: there is no such key", "training.epoch: there is no such key"):  # fmt: skip
        assert sum(part in message for message in said) == 1, said
    assert len(said) == len(typed)


def test_the_printed_config_says_which_level_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"model/mine.yaml": RESIDUAL})
    given = ["check", "--config-dir", str(tmp_path), "model=mine", "model.layers.0.padding=valid", "--cfg", "job"]
    assert main(given) == 0
    printed = capsys.readouterr().out
    assert "padding: valid  # over layer_defaults.padding: 'same'" in printed
    assert "filters: 16  # width" in printed
    assert "use_bias: true  # default; mindspore: false" in printed
    assert Model.model_validate(yaml.safe_load(printed)["model"])
    assert main([*given, "--package", "model.layers.1"]) == 0
    assert "strides:  # default; mindspore: 1" in capsys.readouterr().out
