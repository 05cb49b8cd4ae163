"""The user's own pairs of parameters: by name, or derived by reordering, cutting and joining."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.user_model import OwnParameter
from adapters.views import Step, View, positions
from harness.composition import UserMistake
from harness.composition.mistakes import no_such
from harness.subjects.pair.spec import Derived

Pairs = list[tuple[OwnParameter, OwnParameter]]
Fits = Callable[[OwnParameter, OwnParameter], bool]


@dataclass
class Given:
    """The pairs that the user gives, and the parameters of each side that they leave to be paired."""

    pairs: Pairs
    left_a: list[OwnParameter]
    left_b: list[OwnParameter]


def by_user(
    a: Sequence[OwnParameter],
    b: Sequence[OwnParameter],
    user: Mapping[str, Derived | None],
    names: tuple[str, str],
    fits: Fits,
) -> Given:
    """The user's pairs. Raises UserMistake with everything that is wrong in them.

    A parameter is called by its own name or by that of a piece of it. A pair of two names takes known layers' pieces,
    such as gates in another order; a derived pair takes the whole of a parameter in its canonical layout.
    """
    sides = [_Names(parameters, name) for parameters, name in zip((a, b), names, strict=True)]
    pairs: Pairs = []
    mistakes: list[str] = []
    for name, partner in user.items():
        key = f"parameters.{name}"
        if partner is None:
            found_somewhere = [side.take(name) for side in sides]
            if not any(found_somewhere):
                mistakes.append(sides[0].unknown(key, name) + f"; nor has {names[1]}")
        elif partner.is_name:
            pairs += _named(key, name, partner.to[0], sides, fits, mistakes)
        else:
            pairs += _derived(key, name, partner, sides, mistakes)
    if mistakes:
        raise UserMistake(mistakes)
    return Given(pairs, sides[0].left, sides[1].left)


class _Names:
    """The parameters of one side, by their names and those of their pieces."""

    def __init__(self, parameters: Sequence[OwnParameter], side: str) -> None:
        self.side = side
        self.by_name = {p.name: p for p in parameters}
        self.left = [piece for p in parameters for piece in p.pieces or (p,)]
        self.known = self.by_name | {piece.name: piece for p in parameters for piece in p.pieces}

    def pieces(self, name: str) -> list[OwnParameter]:
        whole = self.by_name.get(name)
        if whole is not None:
            return list(whole.pieces or (whole,))
        return [self.known[name]] if name in self.known else []

    def whole(self, name: str) -> OwnParameter | None:
        """The parameter without its pieces, in its canonical layout."""
        parameter = self.by_name.get(name)
        return replace(parameter, pieces=()) if parameter is not None else None

    def is_free(self, pieces: Sequence[OwnParameter]) -> bool:
        return all(any(piece is free for free in self.left) for piece in pieces)

    def take(self, name: str) -> bool:
        """Takes a parameter out of those that are left; False where there is none of the name."""
        taken = self.pieces(name)
        self.left = [p for p in self.left if all(p is not piece for piece in taken)]
        return bool(taken)

    def unknown(self, key: str, name: str) -> str:
        return no_such(f"{key}: {self.side} has no parameter {name!r}", name, self.known)


def _named(key: str, name: str, partner: str, sides: Sequence[_Names], fits: Fits, mistakes: list[str]) -> Pairs:
    found, other = sides[0].pieces(name), sides[1].pieces(partner)
    mistakes += [] if found else [sides[0].unknown(key, name)]
    mistakes += [] if other or not found else [sides[1].unknown(key, partner)]
    if not found or not other:
        return []
    if not sides[1].is_free(other):
        mistakes.append(f"{key}: {partner} is given to another parameter already")
        return []
    sides[0].take(name)
    sides[1].take(partner)
    if len(found) == len(other) and all(map(fits, found, other)):
        return list(zip(found, other, strict=True))
    by_role = {q.role: q for q in other}
    if len(found) > 1 and len(found) == len(other) and all(p.role in by_role for p in found):
        return [(p, by_role[p.role]) for p in found]
    shapes = [", ".join(str(p.shape) for p in side) for side in (found, other)]
    mistakes.append(
        f"{key}: {other[0].source or other[0].name} has another shape: "
        f"{shapes[0]} in {sides[0].side}, {shapes[1]} in {sides[1].side}"
    )
    return []


def _derived(key: str, name: str, derived: Derived, sides: Sequence[_Names], mistakes: list[str]) -> Pairs:
    """The pairs of a derived correspondence: of parts, if one side is cut into those of the other."""
    of_a = [name, *derived.join]
    of_b = list(derived.to)
    wholes: list[list[OwnParameter]] = []
    for side, wanted in zip(sides, (of_a, of_b), strict=True):
        known = [side.whole(each) for each in wanted]
        mistakes += [side.unknown(key, each) for each, p in zip(wanted, known, strict=True) if p is None]
        taken = [p.name for p in known if p is not None and not side.is_free(side.pieces(p.name))]
        mistakes += [f"{key}: {each} is given to another parameter already" for each in taken]
        if taken:
            return []
        wholes.append([p for p in known if p is not None])
    if len(wholes[0]) < len(of_a) or len(wholes[1]) < len(of_b):
        return []
    try:
        pairs = _cut(derived, wholes[0], wholes[1])
    except (ValueError, IndexError) as error:
        mistakes.append(f"{key}: {error}")
        return []
    for p, q in pairs:
        if p.shape != q.shape:
            mistakes.append(f"{key}: {p.name} has the shape {p.shape} then, and {q.name} {q.shape} in {sides[1].side}")
    for side, wanted in zip(sides, (of_a, of_b), strict=True):
        for each in wanted:
            side.take(each)
    return pairs


def _cut(derived: Derived, of_a: Sequence[OwnParameter], of_b: Sequence[OwnParameter]) -> Pairs:
    steps: list[Step] = []
    if derived.take is not None:
        steps.append(("blocks", derived.take.axis, derived.take.of, tuple(derived.take.blocks)))
    if derived.reshape:
        steps.append(("reshape", tuple(derived.reshape)))
    if derived.permute:
        steps.append(("permute", tuple(derived.permute)))
    if len(of_b) > 1:
        (whole,) = of_a
        axis = derived.split or 0
        turned = _viewed(whole, steps)
        lengths = [q.shape[axis] for q in of_b]
        if sum(lengths) != turned.shape[axis]:
            raise ValueError(f"axis {axis} of {turned.shape} is not the sum of {', '.join(map(str, lengths))}")
        return [
            (_viewed(whole, [*steps, _part(axis, lengths, n)], f"{n}"), replace(q, pieces=()))
            for n, q in enumerate(of_b)
        ]
    (target,) = of_b
    if len(of_a) == 1:
        return [(_viewed(of_a[0], steps), target)]
    turned_parts = [_viewed(p, steps) for p in of_a]
    lengths = [p.shape[derived.axis] for p in turned_parts]
    if sum(lengths) != target.shape[derived.axis]:
        raise ValueError(
            f"axis {derived.axis} of {target.name} {target.shape} is not the sum of {', '.join(map(str, lengths))}"
        )
    return [(p, _viewed(target, [_part(derived.axis, lengths, n)], f"{n}")) for n, p in enumerate(turned_parts)]


def _part(axis: int, lengths: Sequence[int], number: int) -> Step:
    start = sum(lengths[:number])
    return ("slice", axis, start, start + lengths[number])


def _viewed(parameter: OwnParameter, view: View, part: str = "") -> OwnParameter:
    """The part of a parameter that a view chooses, as a parameter of its own. Raises ValueError if it does not fit."""
    if not view:
        return parameter
    shape = positions(parameter.shape, view).shape
    said = ", ".join(f"{step[0]} {', '.join(map(str, step[1:]))}" for step in view)
    name = f"{parameter.name}[{part}]" if part else parameter.name
    return replace(parameter, name=name, shape=shape, source=parameter.name, view=tuple(view), how=said)
