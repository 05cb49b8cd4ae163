"""Layers of a user's network that `auto_mixed_precision` O1 has rewritten."""

from __future__ import annotations

import pytest
import rewritten_layers
from residents import Ask

NAMED_BY_THE_USER = {
    "block.0": ("Dense", "float16"),
    "block.1": ("ReLU", "float16"),
    "norm": ("LayerNorm", ""),
    "fc": ("Dense", "float16"),
}


@pytest.fixture
def _in_a_folder_of_its_own(in_mindspore: Ask, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """MindSpore writes the generated classes below the folder in which it runs."""
    in_mindspore(rewritten_layers.go_to, str(tmp_path))


@pytest.mark.usefixtures("_in_a_folder_of_its_own")
def test_rewritten_layers_are_seen_as_the_classes_that_the_user_named(in_mindspore: Ask) -> None:
    """With the type that their code casts to; layer normalisation is not on the list of O1."""
    assert in_mindspore(rewritten_layers.rewritten) == NAMED_BY_THE_USER


@pytest.mark.usefixtures("_in_a_folder_of_its_own")
def test_a_second_rewritten_network_is_seen_likewise(in_mindspore: Ask) -> None:
    """Its generated classes derive from copies of MindSpore's own, which are not the classes of `nn`."""
    assert in_mindspore(rewritten_layers.rewritten_again) == (NAMED_BY_THE_USER, ["epsilon"])


@pytest.mark.usefixtures("_in_a_folder_of_its_own")
def test_the_measure_in_float64_is_of_the_network_without_casts(in_mindspore: Ask) -> None:
    seen = in_mindspore(rewritten_layers.left_as_it_is)
    assert {precision for _, precision in seen.values()} == {""}
    assert [kind for kind, _ in seen.values()] == ["Dense", "ReLU", "LayerNorm", "Dense"]


@pytest.mark.usefixtures("_in_a_folder_of_its_own")
def test_their_parameters_have_the_roles_of_those_classes(in_mindspore: Ask) -> None:
    roles = in_mindspore(rewritten_layers.roles)
    assert roles == {
        "block.0.weight": "kernel",
        "block.0.bias": "bias",
        "norm.gamma": "gamma",
        "norm.beta": "beta",
        "fc.weight": "kernel",
        "fc.bias": "bias",
    }
