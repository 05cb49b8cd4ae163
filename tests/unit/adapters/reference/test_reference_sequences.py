"""The reference's layers over sequences against the literature's formulas, written out here and in another module."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from recurrent_formulas import outputs

from adapters.reference.draws import side_by_side
from adapters.reference.layers import apply
from harness.spec.model import PlacedLayer, place
from harness.spec.vocabulary import parse, specimens

EPS = float(np.finfo(np.float64).eps)
# Numbers of size 1, through a few steps of sums of fewer than 100 products each.
ROUNDING = 4 * 100 * EPS
KINDS = ("simple_rnn", "lstm", "gru", "multi_head_attention", "position_embedding", "permute")
RECURRENT = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros", "units": 5}


def placed(word: Any, shape: tuple[int, ...] | None = None) -> PlacedLayer:
    return place((word,), shape or word.specimen_shape())[0]


def drawn(where: PlacedLayer, draws: tuple[int, ...] = (), seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {p.name.rpartition("/")[2]: rng.normal(size=(*draws, *p.shape)) for p in where.parameters}


@pytest.mark.parametrize("return_sequences", [True, False])
@pytest.mark.parametrize(
    "stated", [{"kind": "simple_rnn"}, {"kind": "lstm"}, {"kind": "gru"}, {"kind": "gru", "reset": "before"}], ids=str
)
def test_recurrent_layers_are_the_formula(stated: Any, return_sequences: bool) -> None:
    word = parse("layer", {**RECURRENT, **stated, "return_sequences": return_sequences})
    where = placed(word)
    weights, x = drawn(where), np.random.default_rng(1).normal(size=(3, *where.input_shape))
    found = apply(where, weights, x, {}, True).y
    arrays = {name.removeprefix("gru_"): value for name, value in weights.items()}
    wanted = outputs(word.word(), x, **arrays, reset_after=stated.get("reset") != "before")
    np.testing.assert_allclose(found, wanted if return_sequences else wanted[:, -1], rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("mask", ["none", "causal", [[1, 0, 0, 1], [1, 1, 0, 0], [0, 0, 1, 0], [1, 1, 1, 1]]])
def test_an_attention_is_the_formula_step_by_step(mask: Any) -> None:
    stated = {"heads": 2, "key_size": 3, "value_size": 2, "scale": 0.7, "mask": mask, "kernel_initializer": "zeros"}
    word = parse("layer", {"kind": "multi_head_attention", "dropout": 0.25, **stated})
    where = placed(word)
    w, x = drawn(where), np.random.default_rng(1).normal(size=(3, 4, 5))
    dropped = (np.random.default_rng(2).random((3, 2, 4, 4)) < 0.75) * 1.0
    found = {training: apply(where, w, x, {"mask": dropped} if training else {}, training).y for training in (1, 0)}
    for training, y in found.items():
        for n, t in np.ndindex(3, 4):
            wanted = w["output_bias"].copy()
            for head in range(2):
                q = x[n, t] @ w["query_kernel"][:, head] + w["query_bias"][head]
                k = x[n] @ w["key_kernel"][:, head] + w["key_bias"][head]
                v = x[n] @ w["value_kernel"][:, head] + w["value_bias"][head]
                seen = [s for s in range(4) if mask == "none" or (s <= t if mask == "causal" else mask[t][s])]
                powers = {s: np.exp(0.7 * (q @ k[s])) for s in seen}
                shares = {s: power / sum(powers.values()) for s, power in powers.items()}
                if training:
                    shares = {s: share * dropped[n, head, t, s] / 0.75 for s, share in shares.items()}
                wanted += sum(share * v[s] for s, share in shares.items()) @ w["output_kernel"][head]
            np.testing.assert_allclose(y[n, t], wanted, rtol=0, atol=10 * ROUNDING)


@pytest.mark.parametrize("word", [w for w in specimens("layer") if w.word() in KINDS], ids=lambda w: w.name_in_tables)
def test_several_draws_at_once_are_each_by_itself(word: Any) -> None:
    where = placed(word)
    weights, rng = drawn(where, (2,)), np.random.default_rng(1)
    x, upstream = rng.normal(size=(6, *where.input_shape)), rng.normal(size=(6, *where.output_shape))
    noise = {n.name.rpartition("/")[2]: (rng.random((6, *n.shape)) < 0.7) * 1.0 for n in where.noise}
    with side_by_side():
        both = apply(where, weights, x, noise, True)
        dx, learned = both.pullback(upstream)
    for draw, part in enumerate((slice(0, 3), slice(3, 6))):
        own = {name: value[draw] for name, value in weights.items()}
        alone = apply(where, own, x[part], {name: value[part] for name, value in noise.items()}, True)
        own_dx, own_learned = alone.pullback(upstream[part])
        np.testing.assert_array_equal(both.y[part], alone.y)
        np.testing.assert_array_equal(dx[part], own_dx)
        assert learned.keys() == own_learned.keys() == weights.keys()
        for name, value in own_learned.items():
            np.testing.assert_array_equal(learned[name][draw], value)


def test_a_dense_layer_is_the_same_at_every_step() -> None:
    where = placed(parse("layer", {"kind": "dense", "units": 2, "kernel_initializer": "zeros"}), (4, 3))
    weights, x = drawn(where), np.random.default_rng(1).normal(size=(5, 4, 3))
    y = apply(where, weights, x, {}, True).y
    np.testing.assert_allclose(y[:, 2], x[:, 2] @ weights["kernel"] + weights["bias"], rtol=0, atol=ROUNDING)
