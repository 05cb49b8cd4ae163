"""Known forms of layers, recovered from a layer's inputs and outputs, and the change that makes both sides equal.

No layer's attributes are trusted: a momentum is computed from the statistics before, in and after a batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from harness.spec.layers.base import padded
from harness.subjects.pair import activation_forms
from harness.subjects.pair.normalisations import Normalised, normalised, typed
from harness.subjects.pair.seen import EXPLAINED, Array, Form, Seen

SPOKEN_KINDS = {
    "batchnorm": "batch_norm",
    "layernorm": "layer_norm",
    "groupnorm": "group_norm",
    "instancenorm": "instance_norm",
    "rmsnorm": "rms_norm",
}


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
            best = residual, Kept(typed(kept, max(residual, 1e-5)), unbiased)
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
        forms.append(Form(cause, _either(a, b, "batch_norm", "momentum", *values), "momentum", values))
    if how_a.unbiased != how_b.unbiased:
        biased, other = (b, a) if how_a.unbiased else (a, b)
        cause = f"moving variance: {other.name} keeps the unbiased estimate, n / (n - 1), {biased.name} the biased one"
        forms.append(Form(cause, f"no argument of either changes it; n is {a.x.size // a.x.shape[-1]} here"))
    return forms


def output_form(kind: str, a: Seen, b: Seen, training: bool) -> Form | None:
    """The known form in which two outputs of one layer differ; None if there is none."""
    if "norm" in kind:
        return _normalisation(kind, a, b, training)
    find = OUTPUT_FORMS.get(kind)
    return find(a, b, training) if find else None


def epsilon_of(seen: Seen, training: bool, kind: str = "batchnorm") -> float | None:
    """The epsilon of a normalisation, from its input and output; None if it cannot be computed."""
    found = normalised(kind, seen.x, seen.y, seen.weights, training)
    return found.epsilon if found else None


def _normalisation(kind: str, a: Seen, b: Seen, training: bool) -> Form | None:
    """The form in which two normalisations differ: over what they take the moments, the variance, epsilon."""
    first = normalised(kind, a.x, a.y, a.weights, training)
    second = normalised(kind, b.x, b.y, b.weights, training, near=first.way.over if first else "")
    if first is None or second is None:
        return None
    what = SPOKEN_KINDS.get(kind, kind)
    causes = []
    if first.way.over != second.way.over:
        causes.append(
            f"{what}: {a.name} takes mean and variance over {first.way.over}, {b.name} over {second.way.over}"
        )
    if first.way.unbiased != second.way.unbiased:
        less, whole = (a.name, b.name) if first.way.unbiased else (b.name, a.name)
        causes.append(f"{what}: {whole} divides the variance by the number of values, {less} by one less")
    if first.way.to_deviation != second.way.to_deviation and (first.epsilon or second.epsilon):
        outside, inside = (a.name, b.name) if first.way.to_deviation else (b.name, a.name)
        causes.append(f"{what}: {outside} adds epsilon to the standard deviation, {inside} to the variance")
    if causes:
        return Form("; ".join(causes))
    values = _confirmed(a, first), _confirmed(b, second)
    if values[0] == values[1]:
        return None
    spoken = [
        f"{value:g}" if value else f"less than {how.resolved:.1g}"
        for value, how in zip(values, (first, second), strict=True)
    ]
    cause = f"{what} epsilon: {a.name} adds {spoken[0]} to the variance, {b.name} {spoken[1]}"
    return Form(cause, _either(a, b, what, "epsilon", *values), "epsilon", values)


def _confirmed(seen: Seen, found: Normalised) -> float:
    """The epsilon: the layer's own setting where the numbers do not contradict it, which knows more digits."""
    stated = seen.settings.get("epsilon")
    if stated is None:
        return found.epsilon
    is_near = math.isclose(float(stated), found.epsilon, rel_tol=0.02, abs_tol=2 * found.resolved)
    return float(stated) if is_near else found.epsilon


def _either(a: Seen, b: Seen, kind: str, setting: str, of_a: float, of_b: float) -> str:
    """The advice in words: how to change either side."""
    what = f"{kind} {setting}"
    if not (a.spells(what, of_a) and b.spells(what, of_a)):
        return f"give both the same {setting}"
    first = f"{b.spells(what, of_a)} equals {a.spells(what, of_a)}"
    return f"{first}; or {a.spells(what, of_b)} equals {b.spells(what, of_b)}"


Padding = tuple[tuple[int, int], ...]


def padding_of(seen: Seen) -> Padding | None:
    """By axis of the image, the zeros before and after it in a convolution, found by trying all; None if none fit."""
    kernel, rank = seen.weights.get("kernel"), seen.x.ndim - 2
    if kernel is None or kernel.ndim != rank + 2 or kernel.shape[-2] != seen.x.shape[-1]:
        return None
    strides, dilation = _sizes(seen, "strides", rank), _sizes(seen, "dilation", rank)
    bias = seen.weights.get("bias", 0.0)
    x, y = seen.x[:2].astype(np.float64), seen.y[:2].astype(np.float64)
    size = float(np.max(np.abs(y), initial=0.0)) or 1.0
    for before in product(*(range(kernel.shape[i] * dilation[i]) for i in range(rank))):
        z = convolved(x, kernel, before, strides, dilation, y.shape[1:-1]) + bias
        if np.max(np.abs(z - y)) < EXPLAINED * size:
            reach = [(y.shape[1 + i] - 1) * strides[i] + (kernel.shape[i] - 1) * dilation[i] + 1 for i in range(rank)]
            return tuple((before[i], max(0, reach[i] - x.shape[1 + i] - before[i])) for i in range(rank))
    return None


def convolved(
    x: Array, kernel: Array, before: Sequence[int], strides: Sequence[int], dilation: Sequence[int], size: Sequence[int]
) -> Array:
    """The convolution with `before` zeros before the image on each axis, and as many after it as are needed.

    `x`: (B, *image, C). `kernel`: (*window, C, F). `size`: of the output, whose shape is (B, *size, F).
    """
    window, rank = kernel.shape[:-2], len(size)
    after = [size[i] * strides[i] + window[i] * dilation[i] for i in range(rank)]
    wide = np.pad(x, ((0, 0), *zip(before, after, strict=True), (0, 0)))
    total = np.zeros((len(x), *size, kernel.shape[-1]))
    for at in product(*map(range, window)):
        starts = [at[i] * dilation[i] for i in range(rank)]
        part = tuple(slice(starts[i], starts[i] + size[i] * strides[i], strides[i]) for i in range(rank))
        total += wide[(slice(None), *part)] @ kernel[at].astype(np.float64)
    return total


def _sizes(seen: Seen, setting: str, rank: int) -> list[int]:
    sizes = [int(size) for size in seen.settings.get(setting, ())]
    return sizes if len(sizes) == rank else [1] * rank


def _padding(a: Seen, b: Seen, training: bool) -> Form | None:
    first, second = padding_of(a), padding_of(b)
    if first is None or second is None or first == second:
        return None
    before, other = (" and ".join(str(ends[0]) for ends in padding) for padding in (first, second))
    cause = f"padding: {a.name} puts {before} zeros before the image, {b.name} {other}"
    ways = [_padded_like(b, a, first), _padded_like(a, b, second)]
    return Form(cause, "; or ".join(filter(None, ways)) or "pad explicitly, alike on both sides, and convolve 'valid'")


def _padded_like(side: Seen, other: Seen, padding: Padding) -> str:
    """How `side` is given the padding of the other, in words; empty if its adapter has no spelling for it."""
    kernel, rank = side.weights["kernel"], len(padding)
    strides, dilation = _sizes(side, "strides", rank), _sizes(side, "dilation", rank)
    same = tuple(padded(side.x.shape[1 + i], kernel.shape[i], strides[i], dilation[i], "same") for i in range(rank))
    is_same = tuple(ends[0] for ends in padding) == tuple(ends[0] for ends in same)
    if is_same and (spelled := side.spells(f"same padding {rank}")):
        return f"{other.name}'s 'same' padding is {spelled} in {side.name}"
    spelled = side.spells(f"padding {rank}", *(zeros for ends in padding for zeros in ends))
    return f"{other.name}'s padding of {list(padding)} is {spelled} in {side.name}" if spelled else ""


OUTPUT_FORMS: dict[str, Callable[[Seen, Seen, bool], Form | None]] = {
    "conv": _padding,
    "gelu": activation_forms.gelu,
    "leakyrelu": activation_forms.leaky_relu,
    "elu": activation_forms.elu,
}
