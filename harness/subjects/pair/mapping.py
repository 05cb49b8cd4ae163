"""Which parameters of two models correspond: as the user says, else by role, names, order and shape."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from adapters.user_model import OwnParameter
from adapters.user_parameters import BIAS, DEPTHWISE_KERNEL, KERNEL, RECURRENT_BIAS, RECURRENT_KERNEL
from adapters.views import Step, View, inverse_of_permutation
from harness.composition import UserMistake
from harness.subjects.pair.correspondence import Group, by_place, by_role_and_names, in_gaps
from harness.subjects.pair.derived import by_user
from harness.subjects.pair.fused import by_heads, cut, cut_by_size
from harness.subjects.pair.questions import asked
from harness.subjects.pair.spec import Derived

Axes = tuple[int, ...]
# Roles of the frameworks' own layers: these parameters are exchanged in canonical layout and never transposed.
KERNELS = (KERNEL, RECURRENT_KERNEL, DEPTHWISE_KERNEL)
AS_IT_IS = "as it is"
CANONICAL = (*KERNELS, BIAS, RECURRENT_BIAS, "embeddings", "gamma", "beta", "alpha")
User = Mapping[str, Derived | None]


@dataclass(frozen=True)
class Match:
    """Two parameters that correspond.

    `name`: the shared name, from the first model's layer and the canonical role. `axes`: the order of a's axes in b;
    None if the order is the same (it differs only in layers of the user's own). `added_a`, `added_b`: the second bias
    that one side adds to its parameter, while the other side has a single one.
    """

    name: str
    a: OwnParameter
    b: OwnParameter
    axes: Axes | None = None
    added_a: OwnParameter | None = None
    added_b: OwnParameter | None = None

    @property
    def trainable(self) -> bool:
        """Whether both sides train it."""
        return self.a.trainable and self.b.trainable

    @property
    def kept(self) -> bool:
        """Whether neither side trains it."""
        return not self.a.trainable and not self.b.trainable

    @property
    def view_a(self) -> View:
        return self.a.view

    @property
    def view_b(self) -> View:
        """The view of b's parameter that has the layout of a."""
        turn: list[Step] = [inverse_of_permutation(self.axes)] if self.axes else []
        shape = tuple(self.b.shape[axis] for axis in turn[0][1]) if turn else self.b.shape
        return [*self.b.view, *turn, *([] if shape == self.a.shape else [("reshape", self.a.shape)])]

    def how(self, a: str, b: str) -> str:
        """How the parameter is carried from one side to the other, in words. `a`, `b`: the names of the sides."""
        said = [f"in {name} {how}" for name, how in ((a, self.a.how), (b, self.b.how)) if how]
        said += [f"transposed {list(self.axes)}"] if self.axes else []
        said += [f"{self.a.shape} as {self.b.shape}"] if not self.axes and self.a.shape != self.b.shape else []
        said += [f"the sum of two, of which {p.name} is 0" for p in (self.added_a, self.added_b) if p]
        return "; ".join(said) or AS_IT_IS


@dataclass(frozen=True)
class Names:
    """The names of the two sides in messages."""

    a: str
    b: str


@dataclass(frozen=True)
class Pairing:
    """What corresponds in two models.

    `matches`: the parameters that correspond. `groups`: those whose partners might be exchanged without a shape that
    shows it. `misfits`: parameters in the same place whose shapes differ. `alone_a`, `alone_b`: without a partner.
    `fused`: the names of parameters of one side that hold several of the other's.
    """

    matches: list[Match]
    groups: list[Group]
    misfits: list[tuple[OwnParameter, OwnParameter]]
    alone_a: list[OwnParameter]
    alone_b: list[OwnParameter]
    fused: frozenset[str] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether outputs may show other partners, or another layout, than the code does."""
        if self.misfits:
            return False  # nothing makes the outputs agree
        return (
            bool(self.groups)
            or bool(self.fused)
            or any(m.a.role not in CANONICAL and len(m.a.shape) == 2 for m in self.matches)
        )


def parameters_from(plain: Sequence[Mapping[str, Any]]) -> list[OwnParameter]:
    """The parameters that a worker described, as plain values."""
    return [_parameter(each) for each in plain]


def paired(a: Sequence[OwnParameter], b: Sequence[OwnParameter], user: User, names: Names) -> Pairing:
    """Every parameter with its partner.

    `a`, `b`: the parameters of each side, in the order in which their layers are called. `user`: the user's pairs; None
    as a partner excludes a parameter. Raises UserMistake if the user's pairs are wrong, or with a question for each
    parameter that has several possible partners.
    """
    a, b, fused = cut(a, b, fits)
    given = by_user(a, b, user, (names.a, names.b), fits)
    matched = dict(given.pairs)
    left_a, left_b = given.left_a, given.left_b
    groups: list[Group] = []

    def take(proposal: Sequence[tuple[OwnParameter, OwnParameter]]) -> None:
        matched.update(proposal)
        taken = {id(q) for _, q in proposal}
        left_a[:] = [p for p in left_a if p not in matched]
        left_b[:] = [q for q in left_b if id(q) not in taken]

    pairs, groups = by_role_and_names(left_a, left_b, matched, fits)
    take(pairs)
    take(by_place(left_a, left_b, matched, fits))
    take(_single(left_a, left_b))
    for group in cut_by_size(left_a, left_b):
        groups.append(group)
        take(list(zip(group.a, group.b, strict=True)))
        cut_up = {p.source for p in (*group.a, *group.b)}
        left_a, left_b = ([p for p in left if p.name not in cut_up] for left in (left_a, left_b))
    questions = asked(left_a, left_b, names.a, names.b, _may_be)
    if questions:
        raise UserMistake(questions)
    misfits = in_gaps(left_a, left_b, a, b, matched)
    left_a = [p for p in left_a if all(p is not q for q, _ in misfits)]
    left_b = [p for p in left_b if all(p is not q for _, q in misfits)]
    matches = [Match(_name(p), p, matched[p], axes_between(p, matched[p])) for p in _pieces_in_order(a, matched)]
    matches, left_a, left_b = _with_second_biases(matches, left_a, left_b)
    return Pairing(_distinct(matches), groups, misfits, left_a, left_b, fused)


def repaired(matches: Sequence[Match], partners: Mapping[str, OwnParameter]) -> list[Match]:
    """The matches with other partners for some of a's parameters, by these parameters' names."""
    changed = []
    for match in matches:
        b = partners.get(match.a.name, match.b)
        changed.append(match if b is match.b else replace(match, b=b, axes=axes_between(match.a, b)))
    return changed


def with_heads(matches: Sequence[Match], fused: Collection[str], heads: int) -> list[Match]:
    """The matches with the parts of these fused parameters laid out by heads."""

    def laid_out(p: OwnParameter) -> OwnParameter:
        return by_heads(p, heads) if p.source in fused else p

    return [replace(m, a=laid_out(m.a), b=laid_out(m.b)) for m in matches]


def fits(a: OwnParameter, b: OwnParameter) -> bool:
    """Whether two parameters can hold the same numbers, as they are or transposed."""
    return a.shape == b.shape or axes_between(a, b) is not None or _is_merged(a, b)


def axes_between(a: OwnParameter, b: OwnParameter) -> Axes | None:
    """The transposition of a parameter of the user's own layer; None if it needs none or none fits."""
    if a.shape == b.shape or (a.role in CANONICAL and b.role in CANONICAL):
        return None
    turns = {2: ((1, 0),), 3: ((2, 1, 0),), 4: ((2, 3, 1, 0), (3, 2, 0, 1))}.get(len(a.shape), ())
    return next((axes for axes in turns if tuple(a.shape[i] for i in axes) == b.shape), None)


def _is_merged(a: OwnParameter, b: OwnParameter) -> bool:
    """Whether one of the shapes is the other with neighbouring axes merged, such as heads (in, heads, size)."""
    short, long = sorted((a.shape, b.shape), key=len)
    if len(short) == len(long) or len(short) == 0 or prod(short) != prod(long):
        return False
    at = 0
    for length in short:
        product = 1
        while at < len(long) and product < length:
            product, at = product * long[at], at + 1
        if product != length:
            return False
    return all(length == 1 for length in long[at:])


def _single(left_a: Sequence[OwnParameter], left_b: Sequence[OwnParameter]) -> list[tuple[OwnParameter, OwnParameter]]:
    """The parameters for which there is a single possible partner, of whatever role."""
    pairs = []
    for p in left_a:
        fitting = [q for q in left_b if _may_be(p, q)]
        if len(fitting) == 1 and sum(_may_be(peer, fitting[0]) for peer in left_a) == 1:
            pairs.append((p, fitting[0]))
    return pairs


def _may_be(p: OwnParameter, q: OwnParameter) -> bool:
    """Whether two parameters may correspond: of one shape, and of one role if one of them is a layer's state."""
    return fits(p, q) and (p.role == q.role or (p.trainable and q.trainable))


def _with_second_biases(
    matches: Sequence[Match], left_a: list[OwnParameter], left_b: list[OwnParameter]
) -> tuple[list[Match], list[OwnParameter], list[OwnParameter]]:
    """Joins the second bias of a recurrent layer to the first one, where the other side has a single bias."""
    joined = []
    for match in matches:
        added = [_second_bias(p, left) for p, left in ((match.a, left_a), (match.b, left_b))]
        joined.append(replace(match, added_a=added[0], added_b=added[1]))
    of_a, of_b = ({id(getattr(m, f"added_{side}")) for m in joined} for side in "ab")
    return joined, [p for p in left_a if id(p) not in of_a], [q for q in left_b if id(q) not in of_b]


def _second_bias(p: OwnParameter, left: Sequence[OwnParameter]) -> OwnParameter | None:
    """Of those that are left, the bias that a recurrent layer adds to `p`; None if there is none."""
    if p.role != BIAS:
        return None
    peers = (q for q in left if q.role == RECURRENT_BIAS and (q.layer, q.path) == (p.layer, p.path))
    return next((q for q in peers if q.shape == p.shape), None)


def _pieces_in_order(a: Sequence[OwnParameter], matched: Mapping[OwnParameter, OwnParameter]) -> list[OwnParameter]:
    """The matched parameters of a, in the order of the parameters that they are or that they are part of."""
    place = {p.name: number for number, p in enumerate(a)}
    return sorted(matched, key=lambda p: place[p.source or p.name])


def _parameter(plain: Mapping[str, Any]) -> OwnParameter:
    tupled = {key: _tupled(plain[key]) for key in ("shape", "path", "view")}
    return OwnParameter(**{**plain, **tupled, "pieces": tuple(parameters_from(plain["pieces"]))})


def _tupled(value: Any) -> Any:
    return tuple(map(_tupled, value)) if isinstance(value, list | tuple) else value


def _name(p: OwnParameter) -> str:
    return f"{p.layer}/{p.role}" if p.layer else p.role


def _distinct(matches: list[Match]) -> list[Match]:
    """The matches with distinct names. Parameters of one layer with the same role are called by their own names."""
    names = [match.name for match in matches]
    return [replace(match, name=match.a.name if names.count(match.name) > 1 else match.name) for match in matches]
