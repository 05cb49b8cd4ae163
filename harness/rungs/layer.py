"""Rung `layer`: output, gradient by the input and by every parameter, and what the layer kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from harness.judging.cases import Arrays, Case
from harness.judging.context import Context
from harness.judging.tolerances import Tolerance, pooled_error
from harness.records.tensor_key import keyed
from harness.rungs.case_rung import WordRung
from harness.spec.model import PlacedLayer, place
from harness.spec.parameters import Parameter, UniformNoise
from harness.spec.vocabulary import specimens

NAME = "layer"
SAMPLES = 3


def cases(context: Context) -> Iterator[Case]:
    """The experiment's own layers at their places, then, where the vocabulary is checked, every specimen."""
    for placed in context.stated.model.placed_layers():
        yield from _cases(placed, context.plan.weights, placed.name)
    if "layer" in context.stated.vocabulary:
        layers: Any = specimens("layer")
        for word in layers:
            (placed,) = place((word,), word.specimen_shape())
            yield from _cases(placed, {}, "")


def tolerances(case: Case, reference: Arrays, in_float32: Arrays, precision: Any) -> dict[str, Tolerance]:
    """What a layer answers comes of one computation."""
    return pooled_error(reference, in_float32, precision)


def _cases(placed: PlacedLayer, weights: Mapping[str, Any], where: str) -> Iterator[Case]:
    """In training, and in evaluation where that is computed otherwise."""
    rng = np.random.default_rng(0)
    arrays = {
        "x": (_sizes(placed) * rng.normal(size=(SAMPLES, *placed.input_shape))).astype(np.float32),
        "upstream": rng.normal(size=(SAMPLES, *placed.output_shape)).astype(np.float32),
        **keyed("weight", {p.name: weights.get(p.name, _drawn(p, rng)) for p in placed.parameters}),
        **keyed("noise", {n.name: _noise(n, rng) for n in placed.noise}),
    }
    evaluated_otherwise = placed.noise or any(not p.trainable for p in placed.parameters)
    yield Case(placed.layer, placed, {**arrays, "training": np.array(True)}, where)
    if evaluated_otherwise:
        what = f"{where} in evaluation".strip()
        yield Case(placed.layer, placed, {**arrays, "training": np.array(False)}, what)


def _sizes(placed: PlacedLayer) -> Any:
    """Where an epsilon stands beside a variance: samples and channels from 1 down to where the two are alike.

    Beside a variance of 1 an epsilon of 1e-5 may stand anywhere, inside the root or outside, and nobody notices.
    """
    epsilon = getattr(placed.layer, "epsilon", None)
    if epsilon is None:
        return 1.0
    samples = np.geomspace(1, epsilon**0.5, SAMPLES).reshape(-1, *(1 for _ in placed.input_shape))
    return samples * np.geomspace(1, epsilon**0.5, placed.input_shape[-1])


def _drawn(parameter: Parameter, rng: np.random.Generator) -> Any:
    values = rng.normal(size=parameter.shape).astype(np.float32)
    return np.abs(values) + np.float32(0.5) if parameter.name.endswith("variance") else values


def _noise(wanted: Any, rng: np.random.Generator) -> Any:
    shape = (SAMPLES, *wanted.shape)
    if isinstance(wanted, UniformNoise):
        return rng.uniform(wanted.low, wanted.high, shape).astype(np.float32)
    return (rng.random(shape) >= wanted.drop_rate).astype(np.uint8)


RUNG = WordRung(NAME, cases, ("model",), tolerances, has_weights=True).rung
