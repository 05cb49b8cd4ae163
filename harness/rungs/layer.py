"""Rung `layer`: output, gradients by the input and by every parameter, and the state that the layer keeps."""

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
    """The experiment's layers at their places; every specimen of a layer follows if the vocabulary is checked."""
    for placed in context.stated.model.placed_layers():
        yield from _cases(placed, context.plan.weights, placed.name)
    if "layer" in context.stated.vocabulary:
        layers: Any = specimens("layer")
        for word in layers:
            (placed,) = place((word,), word.specimen_shape())
            yield from _cases(placed, {}, "")


def tolerances(case: Case, reference: Arrays, in_float32: Arrays, precision: Any) -> dict[str, Tolerance]:
    """By tensor, the pooled tolerance, because all results of a layer come from one computation."""
    return pooled_error(reference, in_float32, precision)


def _cases(placed: PlacedLayer, weights: Mapping[str, Any], where: str) -> Iterator[Case]:
    """The layer in training, and in evaluation if it then computes otherwise: with noise or a state of its own."""
    rng = np.random.default_rng(0)
    arrays = {
        "x": (_input_scale(placed) * rng.normal(size=(SAMPLES, *placed.input_shape))).astype(np.float32),
        "upstream": rng.normal(size=(SAMPLES, *placed.output_shape)).astype(np.float32),
        **keyed("weight", {p.name: weights.get(p.name, _random_values(p, rng)) for p in placed.parameters}),
        **keyed("noise", {n.name: _noise(n, rng) for n in placed.noise}),
    }
    evaluated_otherwise = placed.noise or any(not p.trainable for p in placed.parameters)
    yield Case(placed.layer, placed, {**arrays, "training": np.array(True)}, where)
    if evaluated_otherwise:
        place_in_words = f"{where} in evaluation".strip()
        yield Case(placed.layer, placed, {**arrays, "training": np.array(False)}, place_in_words)


def _input_scale(placed: PlacedLayer) -> Any:
    """The factor of the inputs: 1; with an epsilon in the layer, from 1 to sqrt(epsilon) along each of two axes.

    The axes are the samples and the channels. An epsilon of 1e-5 that is added in the wrong place, outside the root,
    shows only if the variance is about as small.
    """
    epsilon = getattr(placed.layer, "epsilon", None)
    if epsilon is None:
        return 1.0
    samples = np.geomspace(1, epsilon**0.5, SAMPLES).reshape(-1, *(1 for _ in placed.input_shape))
    return samples * np.geomspace(1, epsilon**0.5, placed.input_shape[-1])


def _random_values(parameter: Parameter, rng: np.random.Generator) -> Any:
    """Random float32 values of a parameter; those of a variance are at least 0.5."""
    values = rng.normal(size=parameter.shape).astype(np.float32)
    return np.abs(values) + np.float32(0.5) if parameter.name.endswith("variance") else values


def _noise(noise: Any, rng: np.random.Generator) -> Any:
    """Uniform noise in float32, or a mask of 0 and 1 in uint8, (SAMPLES, ...)."""
    shape = (SAMPLES, *noise.shape)
    if isinstance(noise, UniformNoise):
        return rng.uniform(noise.low, noise.high, shape).astype(np.float32)
    return (rng.random(shape) >= noise.drop_rate).astype(np.uint8)


RUNG = WordRung(NAME, cases, ("model",), tolerances, has_weights=True, in_layers=True).rung
