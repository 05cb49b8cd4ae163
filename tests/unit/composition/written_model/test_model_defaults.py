"""The table of defaults: complete, equal to those of the specs, and the same as in the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest
from composing import run

import adapters
from harness.composition.written_model.defaults import default_of, other_practices, practices, words
from harness.composition.written_model.model import explicit_model
from harness.report.defaults_table import table
from harness.report.tables import as_markdown
from harness.spec import Word
from harness.spec.layers import Layer

ROOT = Path(__file__).parents[4]
FIELDS = [
    (word, name)
    for word, spec in words().items()
    for name, info in spec.model_fields.items()
    if name != "kind" and not info.is_required()
]


@pytest.mark.parametrize(("word", "name"), FIELDS)
def test_a_default_of_the_table_is_that_of_the_spec(word: str, name: str) -> None:
    default = default_of(word, name)
    assert default is not None
    assert default.source
    of_spec = words()[word].model_fields[name].default
    plain = of_spec.model_dump(mode="json") if isinstance(of_spec, Word) else of_spec
    value = default.value
    if issubclass(words()[word], Layer):
        value = explicit_model({"layers": [{"kind": word, name: default.value}]}).tree["layers"][0][name]
    assert value == (list(plain) if isinstance(plain, tuple) else plain)


WITHOUT_A_ROW = """
from typing import Literal
from harness.composition.written_model.defaults import default_of
from harness.composition.written_model.model import explicit_model
from harness.spec.activations import AnyActivation, Tanh
from harness.spec.layers import Layer

class Doubled(Layer):
    kind: Literal["doubled"] = "doubled"
    scale: float = 2.0
    activation: AnyActivation = Tanh()

default = default_of("doubled", "scale")
print(default.value, default.source)
print(explicit_model({"layers": ["doubled"], "layer_defaults": {"activation": "relu"}}).tree["layers"])
"""


def test_a_word_without_a_row_has_the_defaults_of_its_spec() -> None:
    """A new word needs no row; one may be added to `harness/composition/written_model/defaults.yaml`."""
    default, layers = run(WITHOUT_A_ROW).splitlines()
    assert default == "2.0 the word's definition"
    written_out = {"kind": "doubled", "name": None, "trainable": True, "scale": 2.0, "activation": {"kind": "tanh"}}
    assert layers == str([written_out])


def test_frameworks_speak_of_words_and_fields_that_exist() -> None:
    for adapter in adapters.frameworks():
        for word, field in practices(adapter):
            assert field in words()[word].model_fields
            assert default_of(word, field) is not None, (word, field)


def test_differences_are_told() -> None:
    assert other_practices("conv2d", "padding") == {"mindspore": "same"}
    assert other_practices("batch_norm", "epsilon") == {"tensorflow": "0.001"}
    assert other_practices("dense", "use_bias") == {}


def test_the_documentation_has_the_table() -> None:
    assert as_markdown(*table(None)) in (ROOT / "docs" / "models.md").read_text()
