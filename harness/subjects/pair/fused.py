"""Parameters of one side that hold several of the other's: a fused projection of query, key and value, fused gates.

A kernel without a partner is cut where the other side has as many more kernels of the parts' shape as there are parts.
How its parts lie in it is tried afterwards, by the models' outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from adapters.user_model import OwnParameter
from adapters.user_parameters import BIAS, KERNEL, piece, with_pieces
from adapters.views import Step
from harness.subjects.pair.correspondence import SYNONYMS, Group, place, tokens

Fits = Callable[[OwnParameter, OwnParameter], bool]
COUNTS = (3, 2, 4)  # of parts, in the order in which they are looked for
NAMES = {3: ("query", "key", "value")}


def cut(
    a: Sequence[OwnParameter], b: Sequence[OwnParameter], fits: Fits
) -> tuple[list[OwnParameter], list[OwnParameter], frozenset[str]]:
    """Both sides' parameters, and the names of those that hold several of the other side's, which have pieces now."""
    cut_a, cut_b = _cut(a, b, fits), _cut(b, a, fits)
    changed = [p.name for p, q in (*zip(cut_a, a, strict=True), *zip(cut_b, b, strict=True)) if p is not q]
    return cut_a, cut_b, frozenset(changed)


def cut_by_size(left_a: Sequence[OwnParameter], left_b: Sequence[OwnParameter]) -> list[Group]:
    """The parameters of the user's own layers that have the size of just those that are left on the other side.

    Their parts and these, in the order that is usual: query, key, value, or that of the calls.
    """
    groups = []
    for own, other, is_a in ((left_a, left_b, True), (left_b, left_a, False)):
        for whole in own:
            parts = _parts(whole, [q for q in other if len(q.shape) == len(whole.shape) == 2])
            if parts:
                pieces = _pieces_like(whole, parts)
                groups.append(Group(*((pieces, parts) if is_a else (parts, pieces)), is_doubtful=True))
    return groups


def by_heads(part: OwnParameter, heads: int) -> OwnParameter:
    """A part of a parameter that is laid out as (..., heads, parts, size of a head)."""
    _, _, count, (n,) = part.view[0]
    lengths = (*part.shape[:-1], heads, count, part.shape[-1] // heads)
    axis = len(lengths) - 2
    view = (("reshape", lengths), ("slice", axis, n, n + 1), ("reshape", part.shape))
    return replace(part, view=view, how=f"part {n + 1} of {count} in each of {heads} heads")


def numbers_of_heads(part: OwnParameter) -> list[int]:
    """By how many heads the width of a part can be divided."""
    width = part.shape[-1]
    return [n for n in range(2, width + 1) if width % n == 0]


def _parts(whole: OwnParameter, candidates: Sequence[OwnParameter]) -> tuple[OwnParameter, ...]:
    """All candidates of one shape, if they together have the size of the whole; else none."""
    for shape in dict.fromkeys(q.shape for q in candidates):
        alike = [q for q in candidates if q.shape == shape]
        if len(alike) in COUNTS and _axis(whole.shape, shape, len(alike)) is not None:
            return tuple(as_usual(alike))
    return ()


def _axis(whole: Sequence[int], part: Sequence[int], count: int) -> int | None:
    """The axis of the whole along which `count` parts lie, as they are or transposed."""
    joined = [tuple(n * (count if at == axis else 1) for at, n in enumerate(part)) for axis in (0, 1)]
    if tuple(whole) in joined:
        return joined.index(tuple(whole))
    turned = [tuple(reversed(each)) for each in joined]
    return 1 - turned.index(tuple(whole)) if tuple(whole) in turned else None


def _pieces_like(whole: OwnParameter, parts: Sequence[OwnParameter]) -> tuple[OwnParameter, ...]:
    axis, count = _axis(whole.shape, parts[0].shape, len(parts)), len(parts)
    return tuple(
        piece(whole, whole.role, [("blocks", axis, count, (n,))], f"part {n + 1} of {count}", str(n), (str(n),))
        for n in range(count)
    )


def as_usual(parts: Sequence[OwnParameter]) -> list[OwnParameter]:
    """Query, key and value in this order, in which they are usually fused; other parts as they come."""
    order = ["q", "k", "v"]
    last = [next(iter(tokens(p)[-1:]), "") for p in parts]
    if sorted(last) != sorted(order):
        last = [SYNONYMS.get(p.role.lower(), p.role.lower()) for p in parts]
    return [parts[last.index(name)] for name in order] if sorted(last) == sorted(order) else list(parts)


def _cut(own: Sequence[OwnParameter], other: Sequence[OwnParameter], fits: Fits) -> list[OwnParameter]:
    partners = [q for q in _kernels(other) if q.shape]
    found: dict[int, int] = {}
    for p in own:
        if p.pieces or p.role != KERNEL or len(p.shape) != 2 or any(fits(p, q) for q in partners):
            continue
        count = next((n for n in COUNTS if _is_cut_into(n, p, own, partners)), None)
        if count is not None:
            found[id(p)] = count
    places = {place(p): found[id(p)] for p in own if id(p) in found}
    return [_with_parts(p, places[place(p)]) if place(p) in places and _can_be_cut(p) else p for p in own]


def _is_cut_into(count: int, p: OwnParameter, own: Sequence[OwnParameter], partners: Sequence[OwnParameter]) -> bool:
    """Whether the other side has `count` kernels more for each parameter of this shape."""
    rows, columns = p.shape
    if columns % count:
        return False
    part = (rows, columns // count)
    wholes = sum(peer.shape == p.shape and peer.role == KERNEL for peer in own)
    more = sum(q.shape == part for q in partners) - sum(peer.shape == part for peer in _kernels(own))
    return more == count * wholes


def _kernels(parameters: Sequence[OwnParameter]) -> list[OwnParameter]:
    flat = [each for p in parameters for each in p.pieces or (p,)]
    return [each for each in flat if each.role == KERNEL]


def _can_be_cut(p: OwnParameter) -> bool:
    return not p.pieces and p.role in (KERNEL, BIAS)


def _with_parts(p: OwnParameter, count: int) -> OwnParameter:
    names = NAMES.get(count, tuple(map(str, range(count))))
    pieces = []
    for n, name in enumerate(names):
        view: list[Step] = [("blocks", len(p.shape) - 1, count, (n,))]
        pieces.append(piece(p, p.role, view, f"part {n + 1} of {count}", name, (name,)))
    return with_pieces(p, pieces)
