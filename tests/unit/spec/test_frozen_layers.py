"""What `trainable: false` says of a layer, of the layers inside it, and of its parameters."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from spec_of_three_layers import DENSE, STATED

from harness.report.model_table import rows, totals
from harness.spec.experiment import Experiment
from harness.spec.model import Model

CONV = {
    "kind": "conv2d",
    "filters": 2,
    "kernel_size": [3, 3],
    "padding": "same",
    "kernel_initializer": "xavier_uniform",
}


def model(*layers: Any) -> Model:
    return Model.model_validate({"input": {"shape": [4, 4, 2]}, "layers": layers})


def test_a_frozen_layer_has_no_trainable_parameter() -> None:
    made = model({**CONV, "trainable": False}, "batch_norm", "flatten", {**DENSE, "units": 3})
    by_name = {p.name: (p.trainable, p.frozen, p.is_penalised) for p in made.parameters()}
    assert by_name["conv2d_1/kernel"] == by_name["conv2d_1/bias"] == (False, True, False)
    assert by_name["batch_norm_1/gamma"] == (True, False, False)
    assert by_name["batch_norm_1/moving_mean"] == (False, False, False)
    assert by_name["dense_1/kernel"] == (True, False, True)


def test_with_a_layer_those_inside_it_are_frozen() -> None:
    inner = [CONV, {"kind": "batch_norm", "scale": False}]
    made = model({"kind": "residual", "layers": inner, "trainable": False}, "flatten", {**DENSE, "units": 3})
    assert [p.name for p in made.parameters() if p.trainable] == ["dense_1/kernel", "dense_1/bias"]
    frozen = [p.name for p in made.parameters() if p.frozen]
    assert frozen == [f"residual_1/{name}" for name in ("conv2d_1/kernel", "conv2d_1/bias", "batch_norm_1/beta")]
    residual = made.placed_layers()[0]
    assert [placed.layer.trainable for placed in residual.inner] == [False, False]
    assert [p.trainable for placed in residual.inner for p in placed.parameters] == [False] * 5
    assert [word.trainable for word in made.words() if word.family == "layer"] == [False, False, False, True, True]  # type: ignore[attr-defined]


def test_a_layer_may_be_frozen_inside_another() -> None:
    inner = [CONV, {**CONV, "trainable": False}]
    made = model({"kind": "concatenate", "layers": inner}, "flatten", {**DENSE, "units": 3})
    assert [p.name for p in made.parameters() if p.frozen] == [
        "concatenate_1/conv2d_2/kernel",
        "concatenate_1/conv2d_2/bias",
    ]


@pytest.mark.parametrize(
    ("fields", "in_training"), [({}, True), ({"frozen_statistics": "batch"}, True), ({"trainable": False}, False)]
)
def test_by_what_a_batch_norm_normalises(fields: Any, in_training: bool) -> None:
    word = model({"kind": "batch_norm", **fields}, "flatten", {**DENSE, "units": 3}).layers[0]
    assert word.normalises_by_batch(training=True) is in_training  # type: ignore[attr-defined]
    assert not word.normalises_by_batch(training=False)  # type: ignore[attr-defined]


def test_a_frozen_batch_norm_by_the_batch() -> None:
    stated = {"kind": "batch_norm", "trainable": False, "frozen_statistics": "batch"}
    word = model(stated, "flatten", {**DENSE, "units": 3}).layers[0]
    assert word.normalises_by_batch(training=True)  # type: ignore[attr-defined]
    assert word.name_in_tables == "batch_norm center scale frozen by the batch"


def test_something_must_be_trained() -> None:
    with pytest.raises(
        ValidationError, match="every layer with parameters is frozen, so that nothing would be trained"
    ):
        model({**CONV, "trainable": False}, "flatten")
    model("flatten")  # which has no parameters, and never had any


def test_a_penalty_needs_a_kernel_that_is_trained() -> None:
    layers = ["flatten", {**DENSE, "units": 10, "trainable": False}, "batch_norm"]
    fields = {**STATED, "model": {"input": {"shape": [28, 28, 1]}, "layers": layers}}
    Experiment.model_validate(fields)
    with pytest.raises(ValidationError, match=r"every kernel is frozen, .* choose regularizer=none"):
        Experiment.model_validate({**fields, "regularizer": {"kind": "l2", "l2": 0.1}})


def test_the_table_of_a_model_counts_them() -> None:
    made = model({**CONV, "trainable": False}, "batch_norm", "flatten", {**DENSE, "units": 3})
    # 3 * 3 * 2 * 2 + 2; 2 and 2 of the norm, and as many statistics; 4 * 4 * 2 * 3 + 3
    assert totals(made)[0] == "145 parameters, of them 103 trained, 38 frozen, 4 that the layers themselves update"
    assert rows(made)[0][1] == "conv2d, frozen"
