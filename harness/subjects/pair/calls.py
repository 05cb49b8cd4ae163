"""One side's recorded calls of layers and operations, and how two arrays in different layouts are compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.subjects.pair.kinds import kind_of, moves_only
from harness.subjects.pair.side import rows_last
from harness.system.array_files import Arrays

Axes = tuple[int, ...]
ALIKE = 1e-3  # two arrays nearer than this, relative to the largest value, are in the same layout

SPREAD = 1e3


@dataclass(frozen=True)
class Called:
    """A call without its arrays; the fields are those of `adapters.layer_calls.LayerCall`."""

    layer: str
    kind: str
    takes: int = 1
    returns: int = 1
    inner: tuple[str, ...] = ()
    within: str = ""
    source: str = ""
    text: str = ""
    operands: tuple[str, ...] = ()

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Called:
        """From the answer of a worker's task."""
        nested = {key: tuple(described[key]) for key in ("inner", "operands")}
        return cls(**{**described, **nested})

    @property
    def plain_kind(self) -> str:
        return kind_of(self.kind)

    @property
    def computes(self) -> bool:
        """Whether it is a layer that changes numbers, and not only their order."""
        return bool(self.layer) and not moves_only(self.kind)

    def owns(self, layer: str) -> bool:
        """Whether the parameters of this layer are used by the call."""
        return bool(self.layer) and (
            layer == self.layer or layer in self.inner or layer.startswith((f"{self.layer}.", f"{self.layer}/"))
        )


@dataclass(frozen=True)
class Calls:
    """One side's calls in a pass. `arrays`: `<number>/x0`, `x1`, ... that a call takes, `y0`, ... that it returns."""

    called: Sequence[Called]
    arrays: Arrays

    def x(self, number: int) -> NDArray[Any]:
        """The first array that the call takes; empty if it takes none."""
        return self.arrays.get(f"{number}/x0", np.empty(0))

    def y(self, number: int) -> NDArray[Any]:
        """The first array that the call returns."""
        return self.arrays[f"{number}/y0"]

    def xs(self, number: int) -> list[NDArray[Any]]:
        return [self.arrays[f"{number}/x{n}"] for n in range(self.called[number].takes)]

    def ys(self, number: int) -> list[NDArray[Any]]:
        return [self.arrays[f"{number}/y{n}"] for n in range(self.called[number].returns)]


@dataclass(frozen=True)
class View:
    """How one of a call's outputs is laid out to be compared with the other side's.

    `output`: its number. `axes`: the order of its axes; None if they stay. `shape`: None if it stays.
    """

    output: int = 0
    axes: Axes | None = None
    shape: tuple[int, ...] | None = None

    def of(self, arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """The output in this layout, from all outputs of the call."""
        value = arrays[self.output]
        if self.axes is not None and len(self.axes) == value.ndim:
            value = value.transpose(self.axes)
        return value if self.shape is None else value.reshape(self.shape)

    @property
    def is_plain(self) -> bool:
        return self.axes is None and self.shape is None


PLAIN = View()


def layouts(shape: Sequence[int], other: Sequence[int]) -> Iterator[View]:
    """The views of an array that have the shape `other`: as it is, then with other orders of axes, then reshaped.

    The orders tried: channels moved from second to last and back, and the first two axes exchanged (time before batch).
    """
    shape, other = tuple(shape), tuple(other)
    if shape == other:
        yield View()
    rank = len(shape)
    if rank > 2:
        orders = dict.fromkeys([(0, *range(2, rank), 1), (0, rank - 1, *range(1, rank - 1)), (1, 0, *range(2, rank))])
        for axes in orders:
            if tuple(shape[axis] for axis in axes) == other:
                yield View(axes=axes)
    squeezed = [tuple(size for size in each if size != 1) for each in (shape, other)]
    if shape != other and squeezed[0] == squeezed[1]:
        yield View(shape=other)
    elif (
        rank != len(other)
        and rank > 1
        and len(other) > 1
        and np.prod(shape) == np.prod(other)
        and shape[-1] == other[-1]
    ):
        yield View(shape=other)  # a batch of sequences as rows


def same_numbers(shape: Sequence[int], other: Sequence[int]) -> Iterator[View]:
    """The views of `layouts`, and a mere reshape, such as heads that are split. If it differs, it may mean nothing."""
    found = list(layouts(shape, other))
    yield from found
    is_reshape = len(shape) != len(other) and np.prod(shape) == np.prod(other)
    if is_reshape and not found and min(len(shape), len(other)) > 1 and shape[0] == other[0]:
        yield View(shape=tuple(other))


def distance(a: NDArray[Any], b: NDArray[Any]) -> float:
    """The largest difference of two arrays of one shape, relative to the values there, or to a typical one if larger.

    A typical value is the largest of those that are at most `SPREAD` times the lower quartile, so that the large
    numbers of a mask do not hide the others. Infinite where only one value is finite.
    """
    a, b = a.astype(np.float64), b.astype(np.float64)
    differs = ~((a == b) | (np.isnan(a) & np.isnan(b)))
    if not np.any(differs):
        return 0.0
    sizes = np.maximum(np.abs(a), np.abs(b))
    known = sizes[np.isfinite(sizes) & (sizes > 0)]
    typical = np.max(known[known <= SPREAD * np.quantile(known, 0.25)], initial=0.0) if known.size else 0.0
    with np.errstate(invalid="ignore"):
        apart = np.abs(a - b)[differs] / np.maximum(sizes, typical)[differs]
    return float(np.max(np.where(np.isfinite(apart), apart, np.inf)))


def views(of_a: Sequence[NDArray[Any]], of_b: Sequence[NDArray[Any]]) -> list[tuple[View, View]]:
    """For each output of the side with fewer of them, its counterpart: the first that is equal, else the first.

    The first side's output is laid out as the second's. Outputs that have no counterpart of their shape are left out.
    """
    found: list[tuple[View, View]] = []
    fewer_a, used = len(of_a) < len(of_b), set[int]()
    for number in range(min(len(of_a), len(of_b))):
        others = [n for n in range(max(len(of_a), len(of_b))) if n not in used]
        tried = []
        for i, j in ((number, n) if fewer_a else (n, number) for n in others):
            comparable = list(layouts(of_a[i].shape, of_b[j].shape))
            for order, layout in enumerate(same_numbers(of_a[i].shape, of_b[j].shape)):
                differs = distance(layout.of([of_a[i]]), of_b[j]) > ALIKE
                if layout in comparable or not differs:
                    tried.append((differs, i, j, order, layout))
        if tried:
            _, i, j, _, layout = min(tried, key=lambda each: each[:4])
            used.add(j if fewer_a else i)
            found.append((View(i, layout.axes, layout.shape), View(j)))
    return found


def canonical_images(calls: Calls, rows: Mapping[str, Sequence[int]]) -> Calls:
    """The calls with every flattened image channels last. `rows`: by dense layer, its input's image (H, W, C)."""
    arrays = dict(calls.arrays)
    for number, called in enumerate(calls.called):
        if called.layer not in rows:
            continue
        image = rows[called.layer]
        width = int(np.prod(image))
        arrays[f"{number}/x0"] = _turned(arrays[f"{number}/x0"], image)
        for before in range(number - 1, -1, -1):  # element-wise calls between the flatten and the dense layer
            y = arrays[f"{before}/y0"]
            if y.ndim != 2 or y.shape[1] != width or calls.called[before].layer in rows:
                break
            arrays[f"{before}/y0"] = _turned(y, image)
            x = arrays.get(f"{before}/x0")
            if x is not None and x.shape == y.shape:
                arrays[f"{before}/x0"] = _turned(x, image)
    return Calls(calls.called, arrays)


def _turned(x: NDArray[Any], image: Sequence[int]) -> NDArray[Any]:
    return rows_last(x.T, image).T
