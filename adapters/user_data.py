"""The inputs, targets and outputs of a user's own model: one array, or several in a tuple or a mapping.

`Parts` is what a batch's x or y is. A model's outputs may be nested; each has a path of indices and keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, get_args

import numpy as np

from adapters.protocol import Array
from harness.spec.arm import HalfPrecision, Layout

Parts: TypeAlias = "Array | tuple[Array, ...] | Mapping[str, Array]"
Path: TypeAlias = "tuple[int | str, ...]"
INT32 = np.iinfo(np.int32)
# Names of an input that holds targets, by which a model that returns its loss is known.
LABELS = ("label", "labels", "target", "targets", "y", "y_true")


class MisfitError(Exception):
    """A model and the batches do not fit one another, or the model cannot be compared. The message is one sentence."""


@dataclass(frozen=True)
class Output:
    """One output of a model: its `name`, empty for an only one, and its `shape` in the model's own layout.

    `floating`: whether it holds floating-point numbers, of which a loss can be.
    """

    name: str
    shape: tuple[int, ...]
    floating: bool = True


@dataclass(frozen=True)
class Signature:
    """The inputs that a model takes: their `names` in order; the first `required` must be given.

    `variadic`: it takes any number more. `owner`: what takes them, such as `construct`.
    """

    owner: str
    names: tuple[str, ...]
    required: int
    variadic: bool = False

    @property
    def in_words(self) -> str:
        listed = ", ".join(self.names) + (", ..." if self.variadic else "")
        return f"{self.owner} takes {count(len(self.names), 'input')} ({listed})"


def count(number: int, noun: str) -> str:
    """A number with its noun: `1 input`, `2 inputs`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def mapped(function: Callable[[Any], Any], value: Parts) -> Any:
    """The value with the function applied to each of its arrays."""
    if isinstance(value, Mapping):
        return {name: function(part) for name, part in value.items()}
    return tuple(map(function, value)) if isinstance(value, tuple) else function(value)


def parts_of(value: Parts) -> dict[str, Array]:
    """The arrays by name: of a mapping its keys, of a tuple the positions, of a single array an empty name."""
    if isinstance(value, Mapping):
        return dict(value)
    return {str(n): part for n, part in enumerate(value)} if isinstance(value, tuple) else {"": value}


def in_words(value: Parts) -> str:
    """The arrays with their shapes: `shape (8, 3)`, `2 arrays: users (8,), items (8,)`."""
    parts = parts_of(value)
    if "" in parts:
        return f"shape {parts[''].shape}"
    return f"{count(len(parts), 'array')}: " + ", ".join(f"{name} {part.shape}" for name, part in parts.items())


def ordered(x: Parts, signature: Signature) -> tuple[Any, ...]:
    """The positional arguments of a model for a batch's x.

    A tuple gives one argument for each array, a mapping those of its names. A model with one input is given the whole
    tuple or mapping. Raises MisfitError if the model takes others.
    """
    names, required = signature.names, signature.required
    if isinstance(x, Mapping):
        if set(x) <= set(names) and set(names[:required]) <= set(x):
            given = [name for name in names if name in x]
            if given == list(names[: len(given)]):
                return tuple(x[name] for name in given)
        elif len(names) == 1:
            return (x,)
        raise MisfitError(
            f"{signature.in_words}; x has {in_words(x)}: the names must be the same, none left out before"
        )
    if isinstance(x, tuple):
        if required <= len(x) and (len(x) <= len(names) or signature.variadic):
            return x
        if required <= 1 <= len(names):
            return (x,)
        raise MisfitError(f"{signature.in_words}; x has {in_words(x)}")
    if required > 1:
        hint = "yield ((a, b), y) or ({name: a, ...}, y) to give it several"
        if names[-1] in LABELS:
            hint = "a model that takes labels and returns its loss cannot be compared: return it without the loss"
        raise MisfitError(f"{signature.in_words}, and a batch's x is one array; {hint}")
    return (x,)


def leaves(value: Any, is_tensor: Callable[[Any], bool], path: Path = ()) -> list[tuple[Path, Any]]:
    """The tensors among nested outputs, with their paths. None is no output. Raises MisfitError for anything else."""
    if value is None:
        return []
    if is_tensor(value):
        return [(path, value)]
    if isinstance(value, Mapping):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, is_tensor, (*path, key))]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [leaf for key, inner in enumerate(value) for leaf in leaves(inner, is_tensor, (*path, key))]
    raise MisfitError(f"the model returns {_kind(value)}; it must return tensors, in tuples or mappings if several")


def name_of(path: Path) -> str:
    """The path of an output as its name: `logits`, `1.0`; empty for an only output."""
    return ".".join(map(str, path))


def at(value: Any, path: Path) -> Any:
    """The tensor of a path among nested outputs."""
    for key in path:
        value = value[key]
    return value


def bound_of(values: Array) -> tuple[int, int]:
    """The smallest and the largest of some integers; 0, 0 if there are none."""
    return (int(values.min()), int(values.max())) if values.size else (0, 0)


def rounded(value: Array, is_target: bool = False) -> Array:
    """Integers as int32, other numbers rounded to float32 once, so that every precision gets the same values.

    Truth values are kept in inputs, and 0 and 1 in targets. Raises MisfitError for numbers that int32 or float32 cannot
    hold.
    """
    if value.dtype == bool and not is_target:
        return value
    if np.issubdtype(value.dtype, np.integer):
        low, high = bound_of(value)
        if low < INT32.min or high > INT32.max:
            raise MisfitError(f"holds the integer {high if high > INT32.max else low}, which int32 cannot hold")
        return value.astype(np.int32)
    with np.errstate(over="ignore"):
        narrow = value.astype(np.float32)
    if np.any(np.isinf(narrow) & np.isfinite(value)):
        raise MisfitError(f"holds {np.abs(value).max():.3g}, which float32 cannot hold")
    return narrow


def to_channels_last(value: Array, layout: Layout) -> Array:
    """A batch of images or sequences in `layout`, moved to channels last; any other array unchanged."""
    return np.ascontiguousarray(np.moveaxis(value, 1, -1)) if _is_moved(value, layout) else value


def from_channels_last(value: Array, layout: Layout) -> Array:
    """A batch of images or sequences with channels last, moved to `layout`; any other array unchanged."""
    return np.ascontiguousarray(np.moveaxis(value, -1, 1)) if _is_moved(value, layout) else value


def _is_moved(value: Array, layout: Layout) -> bool:
    return layout == "channels_first" and value.ndim > 2


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"a number ({name})" if isinstance(value, int | float) else f"{'an' if name[:1] in 'AEIOU' else 'a'} {name}"


def require_float32(parameters: Mapping[str, str], location: str) -> None:
    """Raises MisfitError where parameters are held in 16 bits. `parameters`: the type of each by name."""
    in_16_bits = {name: dtype for name, dtype in parameters.items() if dtype in get_args(HalfPrecision)}
    if in_16_bits:
        first, *others = in_16_bits
        more = f" and {count(len(others), 'other parameter')}" if others else ""
        raise MisfitError(
            f"{location}: the model holds {first}{more} in {in_16_bits[first]}; layers may compute in 16 bits, "
            "but what is trained must be held in float32: auto_mixed_precision, to_float and mixed_float16 "
            "and mixed_bfloat16 cast it where it is used"
        )
