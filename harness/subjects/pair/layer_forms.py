"""Known forms of layers, recovered from a layer's inputs and outputs, and the change that makes both sides equal.

No layer's attributes are trusted: a momentum is computed from the statistics before, in and after a batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

import adapters
from harness.spec.layers.base import padded

Array = NDArray[Any]
# A formula explains an output within this tolerance: forms differ by much more, float32 errors are much smaller.
EXPLAINED = 1e-4


@dataclass(frozen=True)
class Seen:
    """One side of a layer's call: the adapter, the side's name, input and output, and the layer's weights by role."""

    adapter: str
    name: str
    x: Array
    y: Array
    weights: dict[str, Array]
    settings: dict[str, Any]

    def spells(self, what: str, *values: float) -> str:
        """The spelling of `what`, with these numbers, in the side's framework; empty if its adapter has none."""
        models = adapters.info(self.adapter).user_models
        return models.spellings.get(what, "").format(*(f"{value:g}" for value in values)) if models else ""


@dataclass(frozen=True)
class Form:
    """A known form. `setting`: a setting that can be tried in the live layers, with its `values` on both sides."""

    cause: str
    advice: str = ""
    setting: str = ""
    values: tuple[float, float] | None = None


@dataclass(frozen=True)
class Kept:
    """The update rule of a moving statistic: `kept * old + (1 - kept) * batch`, with a biased or unbiased variance."""

    kept: float
    unbiased: bool


def recovered(x: Array, old: Array, new: Array, statistic: str) -> Kept | None:
    """The update rule of a moving statistic, from one training step; None if no momentum explains it.

    `x`: the layer's input, (B, ..., C). `old`, `new`: the statistic before and after the step, (C,).
    """
    axes = tuple(range(x.ndim - 1))
    exact, count = x.astype(np.float64), x.size // x.shape[-1]
    of_batch = exact.mean(axes) if statistic == "moving_mean" else exact.var(axes)
    estimates = [(False, of_batch)]
    if statistic == "moving_variance" and count > 1:
        estimates.append((True, of_batch * count / (count - 1)))
    best: tuple[float, Kept] | None = None
    for unbiased, batch in estimates:
        new_distance, old_distance = new.astype(np.float64) - batch, old.astype(np.float64) - batch
        if not np.any(old_distance):
            continue
        kept = float(np.sum(new_distance * old_distance) / np.sum(old_distance * old_distance))
        residual = float(np.max(np.abs(new_distance - kept * old_distance)) / np.max(np.abs(old_distance)))
        if residual < EXPLAINED and (best is None or residual < best[0]):
            best = residual, Kept(round(kept, 4), unbiased)
    return best[1] if best else None


def kept_differently(statistic: str, a: Seen, b: Seen, how_a: Kept, how_b: Kept) -> list[Form]:
    """The forms in which two update rules differ: first the momentum, then the estimate; empty if they are equal."""
    forms = []
    what = statistic.removeprefix("moving_")
    if not math.isclose(how_a.kept, how_b.kept, abs_tol=EXPLAINED):
        cause = f"{a.name} keeps {how_a.kept:g} of the old {what}, {b.name} {how_b.kept:g}"
        if math.isclose(how_a.kept + how_b.kept, 1, abs_tol=EXPLAINED):
            cause += ", one minus the other"
        cause = f"batch_norm momentum convention: {cause}"
        values = how_a.kept, how_b.kept
        forms.append(Form(cause, _either(a, b, "momentum", *values), "momentum", values))
    if how_a.unbiased != how_b.unbiased:
        biased, other = (b, a) if how_a.unbiased else (a, b)
        cause = f"moving variance: {other.name} keeps the unbiased estimate, n / (n - 1), {biased.name} the biased one"
        forms.append(Form(cause, f"no argument of either changes it; n is {a.x.size // a.x.shape[-1]} here"))
    return forms


def output_form(kind: str, a: Seen, b: Seen, training: bool) -> Form | None:
    """The known form in which two outputs of one layer differ; None if there is none."""
    find = OUTPUT_FORMS.get(kind)
    return find(a, b, training) if find else None


def epsilon_of(seen: Seen, training: bool) -> float | None:
    """The epsilon of a batch normalisation, from its input and output; None if it cannot be computed."""
    if not {"moving_mean", "moving_variance"} <= seen.weights.keys():
        return None
    x, y = seen.x.astype(np.float64), seen.y.astype(np.float64)
    axes = tuple(range(x.ndim - 1))
    mean = x.mean(axes) if training else seen.weights["moving_mean"].astype(np.float64)
    variance = x.var(axes) if training else seen.weights["moving_variance"].astype(np.float64)
    gamma, beta = seen.weights.get("gamma", 1.0), seen.weights.get("beta", 0.0)
    scale = np.sum((y - beta) * (x - mean) * gamma, axes) / np.sum(((x - mean) * gamma) ** 2, axes)
    epsilon = float(np.median(1 / scale**2 - variance))
    return float(f"{epsilon:.2g}") if np.isfinite(epsilon) else None


def _epsilon(a: Seen, b: Seen, training: bool) -> Form | None:
    values = epsilon_of(a, training), epsilon_of(b, training)
    stated_values = float(a.settings.get("epsilon", 0)), float(b.settings.get("epsilon", 0))
    if None in values or stated_values[0] == stated_values[1]:
        return None
    # Only a few digits can be recovered, so the layers' settings are used if the recovered value confirms the larger.
    larger = stated_values.index(max(stated_values))
    if not math.isclose(values[larger] or 0.0, stated_values[larger], rel_tol=0.5):
        return None
    cause = f"batch_norm epsilon: {a.name} adds {stated_values[0]:g} to the variance, {b.name} {stated_values[1]:g}"
    return Form(cause, _either(a, b, "epsilon", *stated_values), "epsilon", stated_values)


def _either(a: Seen, b: Seen, setting: str, of_a: float, of_b: float) -> str:
    """The advice in words: how to change either side."""
    what = f"batch_norm {setting}"
    if not (a.spells(what, of_a) and b.spells(what, of_a)):
        return f"give both the same {setting}"
    first = f"{b.spells(what, of_a)} equals {a.spells(what, of_a)}"
    return f"{first}; or {a.spells(what, of_b)} equals {b.spells(what, of_b)}"


def padding_of(seen: Seen) -> tuple[int, int] | None:
    """The rows and columns of padding before the image in a convolution, found by trying all; None if none fit."""
    kernel = seen.weights.get("kernel")
    if kernel is None or kernel.ndim != 4 or seen.x.ndim != 4 or kernel.shape[2] != seen.x.shape[3]:
        return None
    strides, dilation = seen.settings.get("strides", (1, 1)), seen.settings.get("dilation", (1, 1))
    bias = seen.weights.get("bias", 0.0)
    x, y = seen.x[:2].astype(np.float64), seen.y[:2].astype(np.float64)
    size = float(np.max(np.abs(y), initial=0.0)) or 1.0
    for top in range(kernel.shape[0] * dilation[0]):
        for left in range(kernel.shape[1] * dilation[1]):
            z = convolved(x, kernel, (top, left), strides, dilation, y.shape[1:3]) + bias
            if np.max(np.abs(z - y)) < EXPLAINED * size:
                return top, left
    return None


def convolved(
    x: Array, kernel: Array, before: Sequence[int], strides: Sequence[int], dilation: Sequence[int], size: Sequence[int]
) -> Array:
    """The convolution with `before` rows and columns of zeros before the image, and as many after it as are needed.

    `x`: (B, H, W, C). `kernel`: (h, w, C, F). `size`: of the output, whose shape is (B, *size, F).
    """
    height, width = kernel.shape[:2]
    after = [size[i] * strides[i] + (height, width)[i] * dilation[i] for i in range(2)]
    wide = np.pad(x, ((0, 0), (before[0], after[0]), (before[1], after[1]), (0, 0)))
    total = np.zeros((len(x), *size, kernel.shape[3]))
    for i in range(height):
        for j in range(width):
            rows = slice(i * dilation[0], i * dilation[0] + size[0] * strides[0], strides[0])
            columns = slice(j * dilation[1], j * dilation[1] + size[1] * strides[1], strides[1])
            total += wide[:, rows, columns] @ kernel[i, j].astype(np.float64)
    return total


def _padding(a: Seen, b: Seen, training: bool) -> Form | None:
    first, second = padding_of(a), padding_of(b)
    if first is None or second is None or first == second:
        return None
    before = f"{a.name} puts {first[0]} rows and {first[1]} columns before the image"
    cause = f"padding: {before}, {b.name} {second[0]} and {second[1]}"
    kernel, strides = a.weights["kernel"], a.settings.get("strides", (1, 1))
    shape, dilation = a.x.shape[1:3], a.settings.get("dilation", (1, 1))
    same = tuple(padded(shape[i], kernel.shape[i], strides[i], dilation[i], "same")[0] for i in range(2))
    hint = a.name if first == same else b.name if second == same else ""
    advice = f"'same' is what {hint} does" if hint else "pad explicitly, alike on both sides, and convolve 'valid'"
    return Form(cause, ": ".join(filter(None, [advice, _equal(a, b, "same padding")])))


def _gelu(x: Array) -> dict[str, Array]:
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    exact, approximate = 0.5 * x * (1 + erf(x / math.sqrt(2))), 0.5 * x * (1 + np.tanh(inner))
    return {"the error function": exact, "the tanh approximation": approximate}


def _gelu_form(a: Seen, b: Seen, training: bool) -> Form | None:
    named = []
    for side in (a, b):
        distances = {n: float(np.max(np.abs(value - side.y))) for n, value in _gelu(side.x.astype(np.float64)).items()}
        nearest = min(distances, key=distances.__getitem__)
        if distances[nearest] > EXPLAINED:
            return None
        named.append(nearest)
    if named[0] == named[1]:
        return None
    return Form(f"gelu: {a.name} computes {named[0]}, {b.name} {named[1]}", _equal(b, a, "gelu"))


def _slope(a: Seen, b: Seen, training: bool) -> Form | None:
    slopes = []
    for side in (a, b):
        below = side.x < 0
        if not np.any(below):
            return None
        slopes.append(float(f"{float(np.median(side.y[below] / side.x[below])):.4g}"))
    if slopes[0] == slopes[1]:
        return None
    cause = f"leaky_relu: below 0 the slope is {slopes[0]:g} in {a.name}, {slopes[1]:g} in {b.name}"
    return Form(cause, _equal(a, b, "leaky_relu", slopes[0]))


def _equal(a: Seen, b: Seen, what: str, *values: float) -> str:
    """The equivalent spellings in both frameworks; empty if one of them has none."""
    spelled = [side.spells(what, *values) for side in (a, b)]
    return " equals ".join(spelled) if all(spelled) else ""


OUTPUT_FORMS: dict[str, Callable[[Seen, Seen, bool], Form | None]] = {
    "batchnorm": _epsilon,
    "conv": _padding,
    "gelu": _gelu_form,
    "leakyrelu": _slope,
}
