"""Which calls of layers in two models correspond, and their names in verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.subjects.pair.mapping import Match
from harness.subjects.pair.side import rows_last
from harness.system.array_files import Arrays

# Kinds of layers that move numbers but compute nothing; the frameworks need them in different places.
MOVERS = ("flatten", "reshape", "permute", "transpose", "identity", "dropout", "zeropad", "zeropadding")
ALIKE = {"normalization": "norm", "pooling": "pool", "average": "avg", "swish": "silu"}
SPOKEN = {"batchnorm": "batch_norm", "layernorm": "layer_norm", "maxpool": "max_pool", "avgpool": "average_pool"}


@dataclass(frozen=True)
class LayerPair:
    """Two corresponding calls of a layer: their numbers, the layers' names, and their common kind."""

    a: int
    b: int
    name_a: str
    name_b: str
    kind: str

    @property
    def spoken(self) -> str:
        """The pair in words: `layer batch_norm (bn1 / batch_normalization)`."""
        return f"layer {SPOKEN.get(self.kind, self.kind)} ({self.name_a} / {self.name_b})"


@dataclass(frozen=True)
class Calls:
    """One side's calls in a pass. `called`: (layer, kind). `arrays`: inputs `<number>/x` and outputs `<number>/y`."""

    called: Sequence[tuple[str, str]]
    arrays: Arrays

    def x(self, number: int) -> NDArray[Any]:
        return self.arrays[f"{number}/x"]

    def y(self, number: int) -> NDArray[Any]:
        return self.arrays[f"{number}/y"]


def kind_of(kind: str) -> str:
    """A layer's kind without the framework's spelling: `BatchNorm2d` and `BatchNormalization` are `batchnorm`."""
    plain = re.sub(r"[_\W]|[1-3]d$", "", kind.lower())
    for long, short in ALIKE.items():
        plain = plain.replace(long, short)
    return plain


def layer_pairs(a: Calls, b: Calls, matches: Sequence[Match]) -> list[LayerPair]:
    """The corresponding calls, in the order of a's calls.

    Layers with parameters correspond by their parameters; the layers between them by kind, shape and order.
    """
    partners = {match.a.layer: match.b.layer for match in matches if match.a.layer}
    pairs: list[LayerPair] = []
    at_a = at_b = 0
    for call_a, call_b in [*_anchors(a, b, partners), (len(a.called), len(b.called))]:
        pairs += _between(a, b, range(at_a, call_a), range(at_b, call_b))
        if call_a < len(a.called):
            pairs.append(
                LayerPair(call_a, call_b, a.called[call_a][0], b.called[call_b][0], kind_of(a.called[call_a][1]))
            )
        at_a, at_b = call_a + 1, call_b + 1
    return pairs


def canonical_images(calls: Calls, rows: Mapping[str, Sequence[int]], matches: Sequence[Match]) -> Calls:
    """The calls with every flattened image channels last. `rows`: by parameter of a dense layer, its input's image."""
    by_layer = {match.a.layer: rows[match.name] for match in matches if match.name in rows}
    arrays = dict(calls.arrays)
    for number, (layer, _) in enumerate(calls.called):
        if layer not in by_layer:
            continue
        image = by_layer[layer]
        width = int(np.prod(image))
        arrays[f"{number}/x"] = _turned(arrays[f"{number}/x"], image)
        for before in range(number - 1, -1, -1):  # element-wise calls between the flatten and the dense layer
            y = arrays[f"{before}/y"]
            if y.ndim != 2 or y.shape[1] != width or calls.called[before][0] in by_layer:
                break
            arrays[f"{before}/y"] = _turned(y, image)
    return Calls(calls.called, arrays)


def _turned(x: NDArray[Any], image: Sequence[int]) -> NDArray[Any]:
    return rows_last(x.T, image).T


def _anchors(a: Calls, b: Calls, partners: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """The corresponding calls of layers with parameters, as long as both sides call them in the same order."""
    start = 0
    for number, (layer, _) in enumerate(a.called):
        if layer not in partners:
            continue
        where = next((n for n in range(start, len(b.called)) if b.called[n][0] == partners[layer]), None)
        if where is not None:
            yield number, where
            start = where + 1


def _between(a: Calls, b: Calls, numbers_a: range, numbers_b: range) -> Iterator[LayerPair]:
    first, second = ([n for n in numbers if _computes(c, n)] for c, numbers in ((a, numbers_a), (b, numbers_b)))
    shapes_a = [(kind_of(a.called[n][1]), a.y(n).shape) for n in first]
    shapes_b = [(kind_of(b.called[n][1]), b.y(n).shape) for n in second]
    for block in SequenceMatcher(None, shapes_a, shapes_b, autojunk=False).get_matching_blocks():
        for offset in range(block.size):
            call_a, call_b = first[block.a + offset], second[block.b + offset]
            yield LayerPair(call_a, call_b, a.called[call_a][0], b.called[call_b][0], kind_of(a.called[call_a][1]))


def _computes(calls: Calls, number: int) -> bool:
    return kind_of(calls.called[number][1]) not in MOVERS
