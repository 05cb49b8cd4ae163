"""The table of `twinrun show-model`: what Keras' `summary` shows, and multiply-adds."""

from __future__ import annotations

import pytest

from harness.cli import main
from harness.composition import compose
from harness.report.model_table import rows, totals


def test_rows_of_lenet() -> None:
    """Shapes and parameters of LeCun et al. (1998), section II.B, with every map of C3 connected to all of S2."""
    model = compose(["model=lenet5"]).experiment.model
    by_name = {row[0]: row[1:] for row in rows(model)}
    assert by_name["c1"] == ["conv2d", "28 x 28 x 6", "156", "117,600"]
    assert by_name["s2"] == ["average_pool2d", "14 x 14 x 6", "", ""]
    assert by_name["c3"] == ["conv2d", "10 x 10 x 16", "2,416", "240,000"]
    assert by_name["c5"] == ["conv2d", "1 x 1 x 120", "48,120", "48,000"]
    assert by_name["f6"] == ["dense", "84", "10,164", "10,080"]
    assert totals(model) == ["61,706 parameters", "416,520 multiply-adds for a forward pass of one sample"]


def test_what_layers_update_themselves_is_counted_apart() -> None:
    model = compose(["model=mobilenet_small"]).experiment.model
    normalised = (16, 16, 32, 32, 64, 64, 64, 64, 128)  # channels of the first convolution, then two norms a block
    fixed = 2 * sum(normalised)
    assert totals(model)[0] == f"19,786 parameters, of them {fixed} that the layers themselves update"


def test_a_model_of_other_data_than_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show-model", "model=linear_2"]) == 0
    assert "2 multiply-adds" in capsys.readouterr().out


def test_a_mistake_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show-model", "model=lenet5", "model.layers.0.filtres=3"]) == 2
    assert capsys.readouterr().err.count("did you mean model.layers.0.filters?") == 1


def test_inner_layers_are_indented(capsys: pytest.CaptureFixture[str]) -> None:
    inner = "[{kind: dense, units: 784, activation: relu}]"
    layers = f"[flatten,{{kind: residual, layers: {inner}}},{{kind: dense, units: 10}}]"
    assert main(["show-model", f"model.layers={layers}"]) == 0
    printed = capsys.readouterr().out
    assert "\n  residual_1/dense_1" in printed
    assert "\nresidual_1 " in printed
