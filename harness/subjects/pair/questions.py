"""What the user is asked about parameters whose partners the code does not show, with the lines to write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import prod

from adapters.user_model import OwnParameter
from harness.subjects.pair.fused import as_usual

MOST_PARTS = 4  # of a fused parameter that is looked for


def asked(
    left_a: Sequence[OwnParameter],
    left_b: Sequence[OwnParameter],
    a: str,
    b: str,
    may_be: Callable[[OwnParameter, OwnParameter], bool],
) -> list[str]:
    """A question for each parameter with several possible partners, or that may consist of several of the other side.

    `a`, `b`: the names of the sides.
    """
    questions = []
    for p in left_a:
        fitting = [q.name for q in left_b if may_be(p, q)]
        if fitting:
            questions.append(which(p, fitting, a, b))
    fused = {id(p) for p in left_a if any(may_be(p, q) for q in left_b)}
    questions += [_split(p, parts, a, b) for p, parts in _fused(left_a, left_b) if id(p) not in fused]
    questions += [_joined(q, parts, a, b) for q, parts in _fused(left_b, left_a)]
    return questions


def which(p: OwnParameter, partners: Sequence[str], a: str, b: str) -> str:
    """The question which of the partners is the parameter's."""
    lines = " or ".join(f"{p.name}: {partner}" for partner in partners)
    return (
        f"parameters: {a} {p.name} {p.shape} may be any of {', '.join(partners)} in {b}; put under parameters:  {lines}"
    )


def _fused(
    wholes: Sequence[OwnParameter], parts: Sequence[OwnParameter]
) -> list[tuple[OwnParameter, list[OwnParameter]]]:
    """The parameters of one side that have the size of several of the other's that are of one rank and role."""
    found = []
    for whole in wholes:
        alike = [q for q in parts if len(q.shape) == len(whole.shape) and q.role == whole.role]
        candidates = (
            list(chosen)
            for count in range(2, min(MOST_PARTS, len(alike)) + 1)
            for chosen in combinations(alike[: 2 * MOST_PARTS], count)
            if sum(prod(q.shape) for q in chosen) == prod(whole.shape) and len({q.shape for q in chosen}) == 1
        )
        chosen = next(candidates, None)
        if chosen is not None:
            found.append((whole, as_usual(chosen)))
    return found


def _split(p: OwnParameter, parts: Sequence[OwnParameter], a: str, b: str) -> str:
    names = ", ".join(q.name for q in parts)
    line = f"{p.name}: {{to: [{names}], split: {_axis(p, parts)}}}"
    return (
        f"parameters: {a} {p.name} {p.shape} may consist of {names} in {b}, in this or another order; "
        f"put under parameters:  {line}"
    )


def _joined(q: OwnParameter, parts: Sequence[OwnParameter], a: str, b: str) -> str:
    first, *others = [p.name for p in parts]
    line = f"{first}: {{to: {q.name}, join: [{', '.join(others)}], axis: {_axis(q, parts)}}}"
    return (
        f"parameters: {b} {q.name} {q.shape} may consist of {', '.join([first, *others])} in {a}, in this or another "
        f"order; put under parameters:  {line}"
    )


def _axis(whole: OwnParameter, parts: Sequence[OwnParameter]) -> int:
    """The axis along which the parts are joined."""
    return next((n for n, length in enumerate(parts[0].shape) if length != whole.shape[n]), 0)
