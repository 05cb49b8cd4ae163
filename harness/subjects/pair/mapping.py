"""Which parameter of one model is which of the other's: as the user says, else by role, order and shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.user_model import OwnParameter
from harness.composition import UserMistake
from harness.composition.mistakes import no_such

Axes = tuple[int, ...]
# What the frameworks' own layers call theirs: they cross in canonical layout, and are never turned.
CANONICAL = ("kernel", "depthwise_kernel", "pointwise_kernel", "embeddings")


@dataclass(frozen=True)
class Match:
    """`name` is what both are known by from here on: the first model's layer and the canonical role.

    `axes` is the order of a's axes in b, where it is another (parameters of the user's own layers only).
    """

    name: str
    a: OwnParameter
    b: OwnParameter
    axes: Axes | None = None

    @property
    def how(self) -> str:
        return f"transposed {list(self.axes)}" if self.axes else "as it is"


@dataclass(frozen=True)
class Names:
    """What the two sides are called in messages."""

    a: str
    b: str


def paired(
    a: Sequence[OwnParameter], b: Sequence[OwnParameter], given: Mapping[str, str | None], names: Names
) -> list[Match]:
    """Every parameter with its partner; UserMistake where the user's names are wrong, or some must be asked for.

    Both lists in the order in which the layers are called.
    """
    found, without = _as_given(a, b, given, names)
    left_a = [each for each in a if each not in found and each.name not in without]
    left_b = [each for each in b if each not in found.values() and each.name not in without]
    for propose in (_by_order, _by_layer):
        for one, other in propose(left_a, left_b, found):
            found[one] = other
        left_a = [each for each in left_a if each not in found]
        left_b = [each for each in left_b if each not in found.values()]
    if left_a or left_b:
        raise UserMistake(_asked_for(left_a, left_b, names))
    matches = [Match(_name(one), one, found[one], _axes(one, found[one])) for one in a if one in found]
    return _distinct(matches)


def _as_given(
    a: Sequence[OwnParameter], b: Sequence[OwnParameter], given: Mapping[str, str | None], names: Names
) -> tuple[dict[OwnParameter, OwnParameter], set[str]]:
    by_name_a, by_name_b = {each.name: each for each in a}, {each.name: each for each in b}
    found: dict[OwnParameter, OwnParameter] = {}
    without: set[str] = set()
    wrong = []
    for one, other in given.items():
        if other is None and (one in by_name_a or one in by_name_b):
            without.add(one)
        elif one not in by_name_a:
            wrong.append(no_such(f"parameters.{one}: {names.a} has no parameter {one!r}", one, by_name_a))
        elif other not in by_name_b:
            wrong.append(no_such(f"parameters.{one}: {names.b} has no parameter {other!r}", other, by_name_b))
        elif by_name_b[other] in found.values():
            wrong.append(f"parameters.{one}: {other} is given to another parameter already")
        elif not _fits(by_name_a[one], by_name_b[other]):
            shapes = f"{by_name_a[one].shape} in {names.a}, {by_name_b[other].shape} in {names.b}"
            wrong.append(f"parameters.{one}: {other} has another shape: {shapes}")
        else:
            found[by_name_a[one]] = by_name_b[other]
    if wrong:
        raise UserMistake(wrong)
    return found, without


Found = Mapping[OwnParameter, OwnParameter]
Proposal = list[tuple[OwnParameter, OwnParameter]]


def _by_order(a: Sequence[OwnParameter], b: Sequence[OwnParameter], found: Found) -> Proposal:
    """Of a role: where the shapes come in the same order; else what is alone in its shape on both sides."""
    proposed: Proposal = []
    for role in dict.fromkeys(each.role for each in a):
        ours, theirs = [p for p in a if p.role == role], [p for p in b if p.role == role]
        if len(ours) == len(theirs) and all(_fits(p, q) for p, q in zip(ours, theirs, strict=True)):
            proposed += zip(ours, theirs, strict=True)
            continue
        if role not in ("kernel", "depthwise_kernel", "gamma", "embeddings"):
            continue  # a bias goes where its kernel goes
        for one in ours:
            fitting = [other for other in theirs if _fits(one, other)]
            if len(fitting) == 1 and sum(_fits(each, fitting[0]) for each in ours) == 1:
                proposed.append((one, fitting[0]))
    return proposed


def _by_layer(a: Sequence[OwnParameter], b: Sequence[OwnParameter], found: Found) -> Proposal:
    """The same role in layers that are partners by another parameter."""
    partners = {one.layer: other.layer for one, other in found.items()}
    return [
        (one, other)
        for one in a
        for other in b
        if partners.get(one.layer) == other.layer and one.role == other.role and _fits(one, other)
    ]


def _fits(one: OwnParameter, other: OwnParameter) -> bool:
    return one.trainable == other.trainable and (one.shape == other.shape or _axes(one, other) is not None)


def _axes(one: OwnParameter, other: OwnParameter) -> Axes | None:
    """How a parameter of the user's own layer must be turned; None where it need not or cannot."""
    if one.shape == other.shape or one.role in CANONICAL:
        return None
    rank = len(one.shape)
    turns = {2: ((1, 0),), 3: ((2, 1, 0),), 4: ((2, 3, 1, 0), (3, 2, 0, 1))}.get(rank, ())
    return next((axes for axes in turns if tuple(one.shape[i] for i in axes) == other.shape), None)


def _asked_for(a: Sequence[OwnParameter], b: Sequence[OwnParameter], names: Names) -> list[str]:
    """One message for each parameter left over, with what it may be."""
    asked = []
    for one in a:
        fitting = [other.name for other in b if _fits(one, other)]
        head = f"parameters: {names.a} {one.name} {one.shape}"
        if fitting:
            lines = " or ".join(f"{one.name}: {other}" for other in fitting)
            asked.append(f"{head} may be any of {', '.join(fitting)} in {names.b}; put under parameters:  {lines}")
        else:
            asked.append(f"{head} has no partner in {names.b}; {_left(b, names.b)}; to leave it out:  {one.name}: null")
    for other in b:
        if not any(_fits(one, other) for one in a):
            head = f"parameters: {names.b} {other.name} {other.shape} has no partner in {names.a}"
            asked.append(f"{head}; {_left(a, names.a)}; to leave it out:  {other.name}: null")
    return asked


def _left(others: Sequence[OwnParameter], name: str) -> str:
    left = ", ".join(f"{each.name} {each.shape}" for each in others)
    return f"{name} has left {left}" if left else f"{name} has none left"


def _name(one: OwnParameter) -> str:
    return f"{one.layer}/{one.role}" if one.layer else one.role


def _distinct(matches: list[Match]) -> list[Match]:
    """A layer of the user's own may have several parameters of one role: these go by their own names."""
    names = [match.name for match in matches]
    return [
        Match(match.a.name if names.count(match.name) > 1 else match.name, match.a, match.b, match.axes)
        for match in matches
    ]
