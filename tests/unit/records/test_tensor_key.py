"""Names of tensors: what is written is what is read, and no two keys have one text."""

from __future__ import annotations

import pickle
from itertools import product

import numpy as np
import pytest

from harness.records.tensor_key import TensorKey, below, keyed, of_kind, only, prefixed

KINDS = ("weight", "gradient_norm", "after")
# Parameters of models of a user's own may be called as they like: by digits, with spaces, as a kind.
NAMES = ("", "dense_1/kernel", "0/kernel", "3", "my layer/kernel", "weight/bias", "a/b/c", "weight 2/kernel", "x\ny")
STEPS = (None, 0, 3, 100)
KEYS = [TensorKey(kind, name, step) for kind, name, step in product(KINDS, NAMES, STEPS)]


@pytest.mark.parametrize("key", KEYS)
def test_a_text_is_read_as_the_key_that_it_was(key: TensorKey) -> None:
    read = TensorKey.parse(str(key))
    assert (read.kind, read.of, read.step) == (key.kind, key.of, key.step)
    assert read == key == str(key)


def test_no_two_keys_have_one_text() -> None:
    assert len({str(key) for key in KEYS}) == len(KEYS)


def test_the_texts() -> None:
    assert TensorKey("loss") == "loss"
    assert TensorKey("loss", step=2) == "loss 2"
    assert TensorKey("gradient", "dense_1/kernel") == "gradient/dense_1/kernel"
    assert TensorKey("after", "dense_1/kernel", 100) == "after 100/dense_1/kernel"


@pytest.mark.parametrize("text", ["", "/", "weight/", "/kernel", "weight 07/a", "weight -1", "two words"])
def test_any_text_of_a_damaged_file_is_read_as_it_is(text: str) -> None:
    assert str(TensorKey.parse(text)) == text


def test_the_layer_of_a_parameter() -> None:
    assert TensorKey("weight", "block/dense_1/kernel", 4).layer == "block/dense_1"
    assert TensorKey("loss").layer == ""


def test_a_key_passes_between_processes() -> None:
    key = pickle.loads(pickle.dumps(TensorKey("weight", "dense_1/kernel", 4)))
    assert (key, key.kind, key.of, key.step) == ("weight 4/dense_1/kernel", "weight", "dense_1/kernel", 4)


def test_arrays_by_key_and_back() -> None:
    first, second = {"a/kernel": np.zeros(2)}, {"a/kernel": np.ones(2), "0/bias": np.ones(1)}
    arrays = keyed("weight", first, 0) | keyed("weight", second, 1) | keyed("gradient", second) | {"loss": np.ones(1)}
    assert of_kind(arrays, "weight", 1) == second
    assert of_kind(arrays, "weight", 0) == first
    assert of_kind(arrays, "weight") == {}
    assert of_kind(arrays, "gradient") == second
    assert list(only(arrays, "weight")) == ["weight 0/a/kernel", "weight 1/a/kernel", "weight 1/0/bias"]


def test_arrays_below_a_prefix_and_back() -> None:
    arrays = keyed("weight", {"a/kernel": np.zeros(2)}, 0)
    both = prefixed("float64", arrays) | prefixed(10, arrays)
    assert below(both, "float64") == below(both, 10) == arrays
    assert below(both, 1) == {}
