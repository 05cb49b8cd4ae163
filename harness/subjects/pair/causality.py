"""The first place where two models differ although what goes in agrees.

All tensors of both sides are compared by value, in every layout. From the first pair of calls whose outputs differ,
each side is followed back until all tensors agree. What lies between is the culprit: calls of one side, of the other,
or of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from harness.subjects.pair.calls import Calls, distance, layouts, views
from harness.subjects.pair.dataflow import Flow, Shared, equal, rearranged
from harness.subjects.pair.layers import anchored_calls, hidden, inner_calls
from harness.subjects.pair.mapping import Match

Tensor = NDArray[Any]


@dataclass(frozen=True)
class Culprit:
    """What lies between the last tensors that agree and the first that differ.

    `calls`: the numbers of each side's calls. `tensors`: the first tensors that differ, laid out alike; None if they
    cannot be compared. `inputs`: tensors that both sides have and one of these calls takes. `misread`: where both sides
    have the tensors that the calls take, but not the same call takes them: by side, what made the tensor; None for an
    input of the model. `later`: whether the calls that one side lacks come after the place on that side. `constants`:
    by side, an operand that no call makes and the other side does not have, such as a mask; empty if there is none.
    `within`: the layers of the user's own whose operations these are, if they are within a pair of layers.
    """

    calls: tuple[tuple[int, ...], tuple[int, ...]]
    tensors: tuple[Tensor, Tensor] | None = None
    inputs: tuple[Tensor, ...] = ()
    misread: tuple[int | None, int | None] | None = None
    later: bool = False
    constants: tuple[str, str] = ("", "")
    within: tuple[str, str] | None = None


def culprit(a: Calls, b: Calls, matches: Sequence[Match], tolerance: float) -> Culprit | None:
    """The culprit of the first difference; None if every checkpoint agrees.

    A checkpoint is a pair of calls with the same parameters, or the end of both models. `tolerance`: how far two
    tensors may be apart to agree, relative to their largest value.
    """
    anchors = anchored_calls(a, b, matches)
    search = _Search(_flow(a, {i for i, _ in anchors}), _flow(b, {j for _, j in anchors}), anchors, tolerance)
    ends = search.flows[0].end, search.flows[1].end
    found = next((search.before(i, j) for i, j in [*anchors, ends] if search.differ(i, j)), None)
    if found is None or found.misread or [len(numbers) for numbers in found.calls] != [1, 1]:
        return found
    return _inside(a, b, found.calls[0][0], found.calls[1][0], tolerance) or found


def _inside(a: Calls, b: Calls, i: int, j: int, tolerance: float) -> Culprit | None:
    """The culprit within two calls of layers of the user's own; None if the operations in them are not known."""
    inner = inner_calls(a, i), inner_calls(b, j)
    if not all(inner):
        return None
    flows = Flow(a, [*inner[0], i]), Flow(b, [*inner[1], j])
    found = _Search(*flows, [], tolerance).before(i, j)
    if not any(found.calls) or i in found.calls[0] or j in found.calls[1]:
        return None
    return replace(found, within=(a.called[i].layer, b.called[j].layer))


def _flow(calls: Calls, paired: set[int]) -> Flow:
    left_out = hidden(calls, paired)
    return Flow(calls, [number for number in range(len(calls.called)) if number not in left_out])


class _Search:
    def __init__(self, a: Flow, b: Flow, anchors: Sequence[tuple[int, int]], tolerance: float) -> None:
        self.flows, self.tolerance = (a, b), tolerance
        self.anchors = {i: f"{i} / {j}" for i, j in anchors}, {j: f"{i} / {j}" for i, j in anchors}
        self.shared = Shared(b, tolerance), Shared(a, tolerance)

    def differ(self, i: int, j: int) -> bool:
        """Whether two calls that correspond return something else."""
        of_a, of_b = self.flows[0].calls.ys(i), self.flows[1].calls.ys(j)
        compared = views(of_a, of_b)
        if not compared:
            return of_a[0].ndim == of_b[0].ndim  # the shapes do
        return any(distance(v.of(of_a), w.of(of_b)) > self.tolerance for v, w in compared)

    def before(self, i: int, j: int) -> Culprit:
        """The culprit of a difference in the outputs of these calls."""
        between = self._between(0, i), self._between(1, j)
        computing = self._computing(0, between[0]), self._computing(1, between[1])
        before_a, before_b = computing if any(computing) else between
        paths = [*before_a, i], [*before_b, j]
        if not any(between):
            return self._of_one_call(i, j)
        kinds_a, kinds_b = ([self._kind(side, n) for n in path] for side, path in enumerate(paths))
        common = [(k + m, k, m) for k, kind in enumerate(kinds_a) for m, other in enumerate(kinds_b) if kind == other]
        _, k, m = min(common, default=(0, len(kinds_a) - 1, len(kinds_b) - 1))
        if not (k or m) or self._in_step(*paths):
            return self._of_one_call(paths[0][0], paths[1][0])
        calls = tuple(paths[0][:k]), tuple(paths[1][:m])
        tensors = self._apart(*(f.consumed(p[n]) for f, p, n in zip(self.flows, paths, (k, m), strict=True)))
        return Culprit(calls, tensors, self._inputs(*calls), later=self._later(calls, i, j))

    def _in_step(self, path_a: Sequence[int], path_b: Sequence[int]) -> bool:
        """Whether both paths have as many calls, and outputs of the same shapes: they then correspond one by one."""
        a, b = self.flows[0].calls, self.flows[1].calls
        shapes = [(a.y(i).shape, b.y(j).shape) for i, j in zip(path_a, path_b, strict=False)]
        return len(path_a) == len(path_b) and all(any(layouts(*each)) for each in shapes)

    def _kind(self, side: int, number: int) -> str:
        """What calls that correspond have in common: their parameters, or their kind if they have none."""
        if number in self.anchors[side]:
            return self.anchors[side][number]
        return self.flows[side].calls.called[number].plain_kind

    def _of_one_call(self, i: int, j: int) -> Culprit:
        """Two calls that correspond are at fault: they compute something else, or take something else."""
        if i == self.flows[0].end:
            return Culprit(((), ()), self._apart(self.flows[0].consumed(i), self.flows[1].consumed(j)))
        tensors = self._apart(self.flows[0].calls.ys(i), self.flows[1].calls.ys(j))
        constants = self._constant(0, i), self._constant(1, j)
        return Culprit(((i,), (j,)), tensors, self._inputs((i,), (j,)), self._misread(i, j), constants=constants)

    def _constant(self, side: int, number: int) -> str:
        """The operand of a call that no computation makes and the other side does not have; empty if there is none."""
        flow = self.flows[side]
        for n, x in enumerate(flow.calls.xs(number)):
            at, operand = number, n
            while not self.shared[side].has(x):
                maker = flow.maker(x, at)
                if maker is None:
                    operands = flow.calls.called[at].operands
                    return f"`{operands[operand]}`" if operand < len(operands) else f"input {operand}"
                if self._computing(side, [maker]):
                    break
                at, operand, x = maker, *self._rearranged_input(side, maker)
        return ""

    def _rearranged_input(self, side: int, number: int) -> tuple[int, Tensor]:
        calls = self.flows[side].calls
        y = calls.y(number)
        return next((n, x) for n, x in enumerate(calls.xs(number)) if rearranged(x, y, self.tolerance))

    def _misread(self, i: int, j: int) -> tuple[int | None, int | None] | None:
        of_a, of_b = self.flows[0].consumed(i), self.flows[1].consumed(j)
        for x, y in zip(of_a, of_b, strict=False):
            apart = self.shared[0].has(x) and self.shared[1].has(y) and x.size > 1
            if apart and not equal(x, y, self.tolerance):
                return self.flows[0].maker(x, i), self.flows[1].maker(y, j)
        return None

    def _between(self, side: int, number: int) -> list[int]:
        """The calls whose output the other side does not have, on all paths back from this call, in order."""
        flow, found, left = self.flows[side], set[int](), [number]
        while left:
            at = left.pop()
            for tensor in flow.consumed(at):
                maker = None if self.shared[side].has(tensor) else flow.maker(tensor, at)
                if maker is not None and maker not in found:
                    found.add(maker)
                    left.append(maker)
        return sorted(found)

    def _computing(self, side: int, numbers: Sequence[int]) -> list[int]:
        """Those that do more than put one tensor into another order."""
        calls = self.flows[side].calls
        return [n for n in numbers if not any(rearranged(x, calls.y(n), self.tolerance) for x in calls.xs(n))]

    def _apart(self, of_a: Sequence[Tensor], of_b: Sequence[Tensor]) -> tuple[Tensor, Tensor] | None:
        """The first two of these tensors that correspond and differ, laid out alike."""
        for view_a, view_b in views(of_a, of_b):
            x, y = view_a.of(of_a), view_b.of(of_b)
            if distance(x, y) > self.tolerance:
                return x, y
        return None

    def _inputs(self, of_a: Sequence[int], of_b: Sequence[int]) -> tuple[Tensor, ...]:
        found: list[Tensor] = []
        for flow, shared, numbers in zip(self.flows, self.shared, (of_a, of_b), strict=True):
            found += [x for n in numbers for x in flow.calls.xs(n) if shared.has(x)]
        return tuple(found)

    def _later(self, calls: tuple[tuple[int, ...], tuple[int, ...]], i: int, j: int) -> bool:
        """Whether the calls of one side come on the other side right after the call at which both meet."""
        if bool(calls[0]) == bool(calls[1]):
            return False
        side, at = (0, j) if calls[0] else (1, i)
        kinds = [self.flows[side].calls.called[n].plain_kind for n in calls[side]]
        other = self.flows[1 - side]
        after = [n for n in other.numbers if n > at][: len(kinds)]
        return [other.calls.called[n].plain_kind for n in after] == kinds
