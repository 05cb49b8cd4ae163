"""The table of defaults: complete, equal to those of the specs, and the same as in the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

import adapters
from harness.composition.written_model.defaults import default_of, other_practices, practices, words
from harness.composition.written_model.model import explicit_model
from harness.report.defaults_table import table
from harness.report.tables import as_markdown
from harness.spec import Word
from harness.spec.layers import Layer

ROOT = Path(__file__).parents[4]
FIELDS = [(word, name) for word, spec in words().items() for name in spec.model_fields if name != "kind"]


@pytest.mark.parametrize(("word", "name"), FIELDS)
def test_a_field_with_a_default_of_the_spec_has_the_same_in_the_table(word: str, name: str) -> None:
    """A new word, or a new field, needs a row in `harness/composition/written_model/defaults.yaml`."""
    of_spec = words()[word].model_fields[name].default
    if of_spec is PydanticUndefined:
        return
    default = default_of(word, name)
    assert default is not None, f"{word}.{name} may be left out, so the table of defaults needs a row for it"
    if default.same_as is not None:
        return
    stated = explicit_model({"layers": [_layer_with(word, name, default.value)]}).tree["layers"][0]
    value = stated[name] if issubclass(words()[word], Layer) else default.value
    plain = of_spec.model_dump(mode="json") if isinstance(of_spec, Word) else of_spec
    assert value == (list(plain) if isinstance(plain, tuple) else plain)


def _layer_with(word: str, name: str, value: object) -> dict[str, object]:
    return {"kind": word, name: value}


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
