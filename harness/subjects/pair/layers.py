"""Which calls of layers in two models correspond, and their names in verdicts.

Calls of layers with parameters correspond by their parameters, call by call, in whatever order the models make them.
The calls between them correspond by kind, shape and order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from harness.subjects.pair.calls import PLAIN, Called, Calls, View, views
from harness.subjects.pair.kinds import spoken_kind
from harness.subjects.pair.mapping import Match

Owned = frozenset[str]


@dataclass(frozen=True)
class LayerPair:
    """Two corresponding calls of a layer: their numbers, the layers' names and kinds, and which of their outputs.

    `anchored`: whether they correspond by their parameters, and not only by kind, shape and order.
    """

    a: int
    b: int
    name_a: str
    name_b: str
    kind: str
    kind_b: str = ""
    view_a: View = PLAIN
    view_b: View = PLAIN
    anchored: bool = False

    @property
    def spoken(self) -> str:
        """The pair in words: `layer batch_norm (bn1 / batch_normalization)`."""
        kinds = dict.fromkeys(spoken_kind(kind) for kind in (self.kind, self.kind_b or self.kind))
        return f"layer {' / '.join(kinds)} ({self.name_a} / {self.name_b})"

    @property
    def output(self) -> str:
        """The compared output in words: `output`, or `output 1` if it is not the first."""
        return f"output {self.view_a.output}" if self.view_a.output else "output"


def layer_pairs(a: Calls, b: Calls, matches: Sequence[Match]) -> list[LayerPair]:
    """The corresponding calls, in the order of a's calls; a call that returns several arrays has a pair for each."""
    anchors = anchored_calls(a, b, matches)
    within_a = hidden(a, {number for number, _ in anchors})
    within_b = hidden(b, {number for _, number in anchors})
    taken_a, taken_b = {n for n, _ in anchors} | within_a, {n for _, n in anchors} | within_b
    pairs: list[LayerPair] = []
    at_a = at_b = 0
    for call_a, call_b in [*_monotone(anchors), (len(a.called), len(b.called))]:
        between = (
            [n for n in range(at_a, call_a) if n not in taken_a and a.called[n].computes],
            [n for n in range(at_b, call_b) if n not in taken_b and b.called[n].computes],
        )
        pairs += [pair for i, j in _alike(a, b, *between) for pair in _pairs(a, b, i, j, False)]
        at_a, at_b = call_a + 1, call_b + 1
    pairs += [pair for i, j in anchors for pair in _pairs(a, b, i, j, True)]
    return sorted(pairs, key=lambda pair: pair.a)


def anchored_calls(a: Calls, b: Calls, matches: Sequence[Match]) -> list[tuple[int, int]]:
    """The calls that use the same parameters, the first with the first, the second with the second, and so on."""
    of_a = _by_parameters(a.called, [(m.name, m.a.layer) for m in matches])
    of_b = _by_parameters(b.called, [(m.name, m.b.layer) for m in matches])
    pairs = [(i, j) for owned, calls in of_a.items() for i, j in _call_by_call(a, b, calls, of_b.get(owned, []))]
    wholes = [*_stacked(of_a, of_b), *((i, j) for j, i in _stacked(of_b, of_a))]
    return sorted([*pairs, *((i, j) for i, j in wholes if views(a.ys(i), b.ys(j)))])


def _call_by_call(a: Calls, b: Calls, of_a: Sequence[int], of_b: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The calls of two layers with the same parameters, in order.

    A cell that is called step by step corresponds to a layer that makes all steps in one call with its last call.
    """
    if min(len(of_a), len(of_b)) == 1 < max(len(of_a), len(of_b)):
        i, j = of_a[-1], of_b[-1]
        if a.called[i].plain_kind != b.called[j].plain_kind:
            if views(a.ys(i), b.ys(j)):
                yield i, j
            return
    yield from zip(of_a, of_b, strict=False)


def _stacked(wholes: Mapping[Owned, Sequence[int]], parts: Mapping[Owned, Sequence[int]]) -> Iterator[tuple[int, int]]:
    """A call with all parameters of several calls of the other side, such as of stacked layers: with the last of them.

    A layer whose parameters one call and many calls use is left alone.
    """
    for owned, calls in wholes.items():
        within = [part for part in parts if part < owned]
        if owned in parts or len(calls) > 1 or sum(map(len, within)) != len(owned):
            continue
        if all(len(parts[part]) == 1 for part in within):
            yield calls[0], max(parts[part][0] for part in within)


def hidden(calls: Calls, paired: set[int]) -> set[int]:
    """The calls that are made within a paired call, and the calls of layers whose inner calls are looked at instead."""
    inside = {number for number, called in enumerate(calls.called) if called.within and _outer(calls, number) in paired}
    names = {called.within for number, called in enumerate(calls.called) if called.within and number not in inside}
    holders = {n for n, called in enumerate(calls.called) if called.layer in names and n not in paired}
    return inside | holders


def inner_calls(calls: Calls, number: int) -> list[int]:
    """The calls that this call makes, in order."""
    name = calls.called[number].layer
    return [n for n in range(number) if name and calls.called[n].within == name and _outer(calls, n) == number]


def without_partner(calls: Calls, paired: set[int]) -> list[str]:
    """The layers that compute something and have no counterpart on the other side, each with its kind."""
    within = hidden(calls, paired)
    names = [
        f"{called.layer} ({spoken_kind(called.plain_kind)})"
        for number, called in enumerate(calls.called)
        if called.computes and number not in paired and number not in within
    ]
    return list(dict.fromkeys(names))


def _outer(calls: Calls, number: int) -> int | None:
    """The call that makes this one: the next call of the layer that it is within."""
    name = calls.called[number].within
    return next((n for n in range(number + 1, len(calls.called)) if calls.called[n].layer == name), None)


def _by_parameters(called: Sequence[Called], named: Sequence[tuple[str, str]]) -> dict[Owned, list[int]]:
    """By set of parameters, the numbers of the calls that use just these."""
    calls: dict[Owned, list[int]] = defaultdict(list)
    owned = [frozenset(name for name, layer in named if call.owns(layer)) for call in called]
    for number, call in enumerate(called):
        outer = any(
            other.layer == call.within and owned[n] == owned[number] for n, other in enumerate(called) if call.within
        )
        if owned[number] and not outer:
            calls[owned[number]].append(number)
    return calls


def _monotone(anchors: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The anchors, as long as both sides call them in the same order."""
    last = -1
    for i, j in anchors:
        if j > last:
            yield i, j
            last = j


def _alike(a: Calls, b: Calls, of_a: Sequence[int], of_b: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The calls of one kind and shape, in order."""
    kinds_a = [(a.called[n].plain_kind, a.y(n).shape) for n in of_a]
    kinds_b = [(b.called[n].plain_kind, b.y(n).shape) for n in of_b]
    for block in SequenceMatcher(None, kinds_a, kinds_b, autojunk=False).get_matching_blocks():
        for offset in range(block.size):
            yield of_a[block.a + offset], of_b[block.b + offset]


def _pairs(a: Calls, b: Calls, i: int, j: int, anchored: bool) -> Iterator[LayerPair]:
    first, second = a.called[i], b.called[j]
    compared = views(a.ys(i), b.ys(j))
    if not compared and a.y(i).ndim == b.y(j).ndim:
        compared = [(PLAIN, PLAIN)]  # the shapes differ, which is told
    for view_a, view_b in compared:
        yield LayerPair(i, j, first.layer, second.layer, first.plain_kind, second.plain_kind, view_a, view_b, anchored)
