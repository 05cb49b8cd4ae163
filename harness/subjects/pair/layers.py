"""Which call of a layer in one model is which in the other's, and what each is called in a verdict."""

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

# These move numbers and compute none; each framework needs others of them.
MOVERS = ("flatten", "reshape", "permute", "transpose", "identity", "dropout", "zeropad", "zeropadding")
ALIKE = {"normalization": "norm", "pooling": "pool", "average": "avg", "swish": "silu"}
SPOKEN = {"batchnorm": "batch_norm", "layernorm": "layer_norm", "maxpool": "max_pool", "avgpool": "average_pool"}


@dataclass(frozen=True)
class LayerPair:
    """Two calls of one layer: their numbers, the layers' names, and the kind that both are of."""

    a: int
    b: int
    name_a: str
    name_b: str
    kind: str

    @property
    def spoken(self) -> str:
        """`layer batch_norm (bn1 / batch_normalization)`."""
        return f"layer {SPOKEN.get(self.kind, self.kind)} ({self.name_a} / {self.name_b})"


@dataclass(frozen=True)
class Calls:
    """One side's calls of a pass: (layer, kind) each, with `<number>/x` and `<number>/y`."""

    called: Sequence[tuple[str, str]]
    arrays: Arrays

    def x(self, number: int) -> NDArray[Any]:
        return self.arrays[f"{number}/x"]

    def y(self, number: int) -> NDArray[Any]:
        return self.arrays[f"{number}/y"]


def kind_of(kind: str) -> str:
    """A layer's kind, whichever framework's: `BatchNorm2d` and `BatchNormalization` are `batchnorm`."""
    plain = re.sub(r"[_\W]|[1-3]d$", "", kind.lower())
    for long, short in ALIKE.items():
        plain = plain.replace(long, short)
    return plain


def layer_pairs(a: Calls, b: Calls, matches: Sequence[Match]) -> list[LayerPair]:
    """In the order of a's calls: layers with parameters by these, what lies between by kind, shape and order."""
    partners = {match.a.layer: match.b.layer for match in matches if match.a.layer}
    found: list[LayerPair] = []
    at_a = at_b = 0
    for one, other in [*_anchors(a, b, partners), (len(a.called), len(b.called))]:
        found += _between(a, b, range(at_a, one), range(at_b, other))
        if one < len(a.called):
            found.append(LayerPair(one, other, a.called[one][0], b.called[other][0], kind_of(a.called[one][1])))
        at_a, at_b = one + 1, other + 1
    return found


def canonical_images(calls: Calls, rows: Mapping[str, Sequence[int]], matches: Sequence[Match]) -> Calls:
    """With every flattened image that goes into a dense layer of `rows` as if it had been flattened channels last."""
    by_layer = {match.a.layer: rows[match.name] for match in matches if match.name in rows}
    found = dict(calls.arrays)
    for number, (layer, _) in enumerate(calls.called):
        if layer not in by_layer:
            continue
        image = by_layer[layer]
        width = int(np.prod(image))
        found[f"{number}/x"] = _turned(found[f"{number}/x"], image)
        for before in range(number - 1, -1, -1):  # what is done to it on the way, element by element
            y = found[f"{before}/y"]
            if y.ndim != 2 or y.shape[1] != width or calls.called[before][0] in by_layer:
                break
            found[f"{before}/y"] = _turned(y, image)
    return Calls(calls.called, found)


def _turned(x: NDArray[Any], image: Sequence[int]) -> NDArray[Any]:
    return rows_last(x.T, image).T


def _anchors(a: Calls, b: Calls, partners: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """The calls of layers that are partners by their parameters, as long as their orders agree."""
    start = 0
    for number, (layer, _) in enumerate(a.called):
        if layer not in partners:
            continue
        where = next((n for n in range(start, len(b.called)) if b.called[n][0] == partners[layer]), None)
        if where is not None:
            yield number, where
            start = where + 1


def _between(a: Calls, b: Calls, ours: range, theirs: range) -> Iterator[LayerPair]:
    first, second = ([n for n in numbers if _computes(c, n)] for c, numbers in ((a, ours), (b, theirs)))
    ours_said = [(kind_of(a.called[n][1]), a.y(n).shape) for n in first]
    theirs_said = [(kind_of(b.called[n][1]), b.y(n).shape) for n in second]
    for block in SequenceMatcher(None, ours_said, theirs_said, autojunk=False).get_matching_blocks():
        for offset in range(block.size):
            one, other = first[block.a + offset], second[block.b + offset]
            yield LayerPair(one, other, a.called[one][0], b.called[other][0], kind_of(a.called[one][1]))


def _computes(calls: Calls, number: int) -> bool:
    return kind_of(calls.called[number][1]) not in MOVERS
