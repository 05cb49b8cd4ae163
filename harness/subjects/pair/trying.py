"""Tries other partners for parameters that the code alone does not tell apart, and takes those whose outputs agree.

The first side's weights are carried to the second by each candidate, and both models are evaluated on the first batch,
at stirred weights, with which every part of a model shows.
Parameters that names decide are not exchanged for others, except for the order of calls, which says something too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, permutations
from typing import Any

import numpy as np

from adapters.user_model import OwnParameter
from harness.composition import UserMistake
from harness.subjects.pair.climbing import Answers, Climb
from harness.subjects.pair.correspondence import Group, place
from harness.subjects.pair.fused import numbers_of_heads
from harness.subjects.pair.mapping import CANONICAL, Match, repaired, with_heads
from harness.subjects.pair.questions import which
from harness.subjects.pair.tasks import TASKS
from harness.system.array_files import Arrays

MOST_MEMBERS = 4  # of a group whose permutations are tried: 24
MOST_TRIED = 100  # candidates of all groups together, as of 12 attentions; each takes a forward pass of the second side
CLOSE = 1e-3  # an output is closer than this, relative, whatever kernels and precisions of layers are off
EQUAL = 2e-5  # an output in float32 is closer than this; of two candidates within `CLOSE` the closer one is right
AS_IT_IS = 1  # the number of heads of a fused projection whose parts lie one after another
ROUGHLY = 0.998  # the least score of a candidate whose outputs are within `CLOSE`


class Trials:
    """The candidates for the matches of a climb, and how well the models' outputs agree with each.

    `carry`: gives both sides the weights as these matches say.
    """

    def __init__(self, climb: Climb, carry: Callable[[Sequence[Match]], object]) -> None:
        self.climb, self.carry = climb, carry
        self.expected = self._outputs(0)
        self.last: Sequence[Match] = climb.matches  # what the second side holds
        self.count = 0
        self.heads = AS_IT_IS  # by which the last fused projection is laid out

    def best(self) -> Sequence[Match]:
        """The matches whose outputs agree best. Raises UserMistake if nothing decides between several partners."""
        climb = self.climb
        matches = climb.matches
        agreeing = self._agreeing(matches)
        if agreeing == 1.0:
            return matches
        exchanged: list[str] = []
        questions: list[str] = []
        for group in self._groups():
            found = self._exchanged(matches, agreeing, group)
            if found is not None:
                (agreeing, matches), before = found, matches
                exchanged += _exchanges(before, matches)
            elif group.is_doubtful:
                partners = [q.name for q in group.b]
                names = [arm.name for arm in climb.arms]
                questions += [which(p, partners, *names) for p in group.a]
            if agreeing == 1.0:
                break
        if agreeing < 1.0:
            matches, agreeing, turned = self._turned(matches, agreeing)
            exchanged += turned
        if questions and agreeing < ROUGHLY:
            raise UserMistake(questions)
        if exchanged:
            climb.remarks.append(f"paired by the outputs, which agree so: {'; '.join(exchanged)}")
        return matches

    def _exchanged(
        self, matches: Sequence[Match], agreeing: float, group: Group
    ) -> tuple[float, Sequence[Match]] | None:
        """The matches with other partners in this group, or another layout of its parts, that agree best, and how well.

        None if those that are agree best, or nothing decides.
        """
        for heads in self._layouts(group):
            candidates = list(islice(self._candidates(matches, group, heads), max(0, MOST_TRIED - self.count)))
            self.count += len(candidates)
            scores = [(self._agreeing(candidate), candidate) for candidate in candidates]
            best = max((score for score, _ in scores), default=0.0)
            winners = [candidate for score, candidate in scores if score == best]
            by_code = group.by_names and not group.alternative and heads == AS_IT_IS
            if best > agreeing and len(winners) == 1 and (best >= ROUGHLY or not by_code):
                if heads != AS_IT_IS:
                    self.heads = heads
                    wholes = ", ".join(self._wholes(matches, group))
                    self.climb.remarks.append(f"{wholes}: by the outputs, which agree so, laid out by {heads} heads")
                return best, winners[0]
            if any(score < agreeing for score, _ in scores):
                break  # the outputs show this group's partners, and they are right
        return None

    def _layouts(self, group: Group) -> list[int]:
        """By how many heads the parts of a fused projection may lie in it; first as in the projection before."""
        parts = self._fused(group)
        if not parts:
            return [AS_IT_IS]
        layouts = [AS_IT_IS, *numbers_of_heads(parts[0])]
        return sorted(layouts, key=lambda heads: heads != self.heads)

    def _fused(self, group: Group) -> list[OwnParameter]:
        """The parts in this group of projections that were cut."""
        assert self.climb.pairing is not None
        return [p for p in (*group.a, *group.b) if p.source in self.climb.pairing.fused and len(p.shape) == 2]

    def _wholes(self, matches: Sequence[Match], group: Group) -> list[str]:
        """The names of the fused parameters, kernels and biases, of which the group has parts."""
        places = {place(p) for p in self._fused(group)}
        parts = (p for m in matches for p in (m.a, m.b) if p.source and place(p) in places)
        return sorted({p.source for p in parts})

    def _groups(self) -> Iterator[Group]:
        """The groups to exchange within: doubtful ones, those with an alternative, and layers with one input."""
        pairing = self.climb.pairing
        assert pairing is not None
        for group in pairing.groups:
            if group.alternative or (group.is_doubtful and len(group.a) <= MOST_MEMBERS):
                yield group
            elif not group.by_names or group.is_of_parts:
                yield from self._parallel(group)

    def _parallel(self, group: Group) -> Iterator[Group]:
        """The members of a group whose layers get the same input, such as those of query, key and value."""
        by_input: dict[bytes, list[int]] = {}
        for number, p in enumerate(group.a):
            value = self.expected.get(f"x/{p.layer}")
            if value is not None:
                by_input.setdefault(value.tobytes(), []).append(number)
        for peers in by_input.values():
            for members in [peers] if len(peers) <= MOST_MEMBERS else _by_whole(group, peers):
                if 1 < len(members) <= MOST_MEMBERS:
                    of_a, of_b = (tuple(side[n] for n in members) for side in (group.a, group.b))
                    yield Group(of_a, of_b, group.by_names)

    def _candidates(self, matches: Sequence[Match], group: Group, heads: int) -> Iterator[Sequence[Match]]:
        orders = [group.alternative] if group.alternative else list(permutations(group.b))
        laid_out = matches if heads == AS_IT_IS else with_heads(matches, self._wholes(matches, group), heads)
        now = {m.b.name: m.b for m in laid_out}
        for order in orders:
            partners = [now[q.name] for q in order]
            reordered = laid_out if order == group.b else repaired(laid_out, _followed(laid_out, group.a, partners))
            if reordered is not matches:
                yield reordered
            turned = {p.name for p in group.a} if group.is_of_parts else set()
            if all(_may_be_turned(m) for m in reordered if m.a.name in turned) and turned:
                yield [replace(m, axes=(1, 0)) if m.a.name in turned else m for m in reordered]

    def _turned(self, matches: Sequence[Match], agreeing: float) -> tuple[Sequence[Match], float, list[str]]:
        """Square matrices of the user's own layers, transposed where the outputs agree better then."""
        turned = []
        for number, match in enumerate(matches):
            if not _may_be_turned(match):
                continue
            candidate = [*matches[:number], replace(match, axes=(1, 0)), *matches[number + 1 :]]
            score = self._agreeing(candidate)
            if score > agreeing:
                matches, agreeing = candidate, score
                turned.append(f"{match.a.name} transposed")
        return matches, agreeing, turned

    def _agreeing(self, matches: Sequence[Match]) -> float:
        """The share of the first side's tensors that the second side has too; 1 only if the models' outputs agree.

        At least `ROUGHLY` if the outputs are close, and the more, the closer they are.
        """
        if matches is not self.last:
            self.carry(matches)
            self.last = matches
        found = self._outputs(1)
        expected = {key: value for key, value in self.expected.items() if key.startswith("y/")}
        others = [value for key, value in found.items() if key[0] == "y"]
        has = [_alike(value, others) for value in expected.values()]
        lasts = [key for key in self.expected if key.startswith("last/")]
        apart = max((_distance(self.expected[key], found.get(key)) for key in lasts), default=np.inf)
        if apart <= CLOSE:
            return 1.0 if apart <= EQUAL else 0.999 - apart
        return min(0.99, float(np.mean(has)) if has else 0.0)

    def _outputs(self, number: int) -> Arrays:
        arm = self.climb.arms[number]
        answers: Answers = self.climb.ask(TASKS["pair_outputs"], by_arm={arm.name: {}})
        return answers[arm.name][1]


def _by_whole(group: Group, members: Sequence[int]) -> list[list[int]]:
    """The members of a group by the parameter that they are parts of, on the side where they are; the others alone."""
    wholes: dict[str, list[int]] = {}
    for n in members:
        source = group.a[n].source or group.b[n].source or group.a[n].name
        wholes.setdefault(source, []).append(n)
    return list(wholes.values())


def _followed(
    matches: Sequence[Match], leaders: Sequence[OwnParameter], order: Sequence[OwnParameter]
) -> dict[str, OwnParameter]:
    """By name of a parameter of a, its partner if the layers of the leaders are paired in this order."""
    places = {place(p): place(q) for p, q in zip(leaders, order, strict=True)}
    of_b = {(place(m.b), m.b.role): m.b for m in matches}
    partners = {m.a.name: of_b.get((places[place(m.a)], m.b.role)) for m in matches if place(m.a) in places}
    found = {name: partner for name, partner in partners.items() if partner is not None}
    return found | {p.name: q for p, q in zip(leaders, order, strict=True)}


def _may_be_turned(match: Match) -> bool:
    """Whether it is a square matrix of the user's own layers, whose shape does not show how it lies."""
    is_square = len(match.a.shape) == 2 and match.a.shape[0] == match.a.shape[1] > 1
    return is_square and match.a.role not in CANONICAL and match.b.role not in CANONICAL and not match.axes


def _exchanges(before: Sequence[Match], after: Sequence[Match]) -> list[str]:
    changed = [(m, old) for m, old in zip(after, before, strict=True) if m.b.name != old.b.name or m.axes != old.axes]
    return [f"{m.a.name} with {m.b.name}" if m.axes == old.axes else f"{m.a.name} transposed" for m, old in changed]


def _alike(value: Any, others: Sequence[Any]) -> float:
    """1 if one of these is equal to the value, less if one is only close, and 0 if none is."""
    apart = min((_distance(value, other) for other in others), default=np.inf)
    return 1.0 if apart <= EQUAL else 0.9 if apart <= CLOSE else 0.0


def _distance(value: Any, other: Any) -> float:
    """The largest difference, relative to the largest value; infinite for arrays of two shapes."""
    if other is None or value.shape != other.shape:
        return np.inf
    apart, size = float(np.max(np.abs(value - other), initial=0.0)), float(np.max(np.abs(value), initial=0.0))
    if not apart:
        return 0.0
    return apart / size if size else np.inf
