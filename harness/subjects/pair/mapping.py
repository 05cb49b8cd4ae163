"""Which parameters of two models correspond: as the user says, else by role, order and shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.user_model import OwnParameter
from harness.composition import UserMistake
from harness.composition.mistakes import no_such

Axes = tuple[int, ...]
# Roles of the frameworks' own layers: these parameters are exchanged in canonical layout and never transposed.
CANONICAL = ("kernel", "depthwise_kernel", "pointwise_kernel", "embeddings")


@dataclass(frozen=True)
class Match:
    """Two parameters that correspond.

    `name`: the shared name, from the first model's layer and the canonical role. `axes`: the order of a's axes in b;
    None if the order is the same (it differs only in layers of the user's own).
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
    """The names of the two sides in messages."""

    a: str
    b: str


def paired(
    a: Sequence[OwnParameter], b: Sequence[OwnParameter], user_names: Mapping[str, str | None], names: Names
) -> list[Match]:
    """Every parameter with its partner.

    `a`, `b`: the parameters of each side, in the order in which their layers are called. `user_names`: the user's
    pairs; None as a partner excludes a parameter. Raises UserMistake if the user's names are wrong, or with a question
    for each parameter that has no clear partner.
    """
    matched, excluded = _by_user(a, b, user_names, names)
    left_a = [parameter for parameter in a if parameter not in matched and parameter.name not in excluded]
    left_b = [parameter for parameter in b if parameter not in matched.values() and parameter.name not in excluded]
    for propose in (_by_order, _by_layer):
        for p, q in propose(left_a, left_b, matched):
            matched[p] = q
        left_a = [parameter for parameter in left_a if parameter not in matched]
        left_b = [parameter for parameter in left_b if parameter not in matched.values()]
    if left_a or left_b:
        raise UserMistake(_questions(left_a, left_b, names))
    matches = [Match(_name(p), p, matched[p], _axes(p, matched[p])) for p in a if p in matched]
    return _distinct(matches)


def _by_user(
    a: Sequence[OwnParameter], b: Sequence[OwnParameter], user_names: Mapping[str, str | None], names: Names
) -> tuple[dict[OwnParameter, OwnParameter], set[str]]:
    by_name_a, by_name_b = (
        {parameter.name: parameter for parameter in a},
        {parameter.name: parameter for parameter in b},
    )
    matched: dict[OwnParameter, OwnParameter] = {}
    excluded: set[str] = set()
    mistakes = []
    for name, partner in user_names.items():
        if partner is None and (name in by_name_a or name in by_name_b):
            excluded.add(name)
        elif name not in by_name_a:
            mistakes.append(no_such(f"parameters.{name}: {names.a} has no parameter {name!r}", name, by_name_a))
        elif partner not in by_name_b:
            mistakes.append(no_such(f"parameters.{name}: {names.b} has no parameter {partner!r}", partner, by_name_b))
        elif by_name_b[partner] in matched.values():
            mistakes.append(f"parameters.{name}: {partner} is given to another parameter already")
        elif not _fits(by_name_a[name], by_name_b[partner]):
            shapes = f"{by_name_a[name].shape} in {names.a}, {by_name_b[partner].shape} in {names.b}"
            mistakes.append(f"parameters.{name}: {partner} has another shape: {shapes}")
        else:
            matched[by_name_a[name]] = by_name_b[partner]
    if mistakes:
        raise UserMistake(mistakes)
    return matched, excluded


Matched = Mapping[OwnParameter, OwnParameter]
Proposal = list[tuple[OwnParameter, OwnParameter]]


def _by_order(a: Sequence[OwnParameter], b: Sequence[OwnParameter], matched: Matched) -> Proposal:
    """Role by role: all parameters if their shapes come in the same order, else those whose shape is unique."""
    proposed: Proposal = []
    for role in dict.fromkeys(peer.role for peer in a):
        of_a, of_b = [p for p in a if p.role == role], [p for p in b if p.role == role]
        if len(of_a) == len(of_b) and all(_fits(p, q) for p, q in zip(of_a, of_b, strict=True)):
            proposed += zip(of_a, of_b, strict=True)
            continue
        if role not in ("kernel", "depthwise_kernel", "gamma", "embeddings"):
            continue  # a bias is matched by the layer of its kernel
        for parameter in of_a:
            fitting = [candidate for candidate in of_b if _fits(parameter, candidate)]
            if len(fitting) == 1 and sum(_fits(peer, fitting[0]) for peer in of_a) == 1:
                proposed.append((parameter, fitting[0]))
    return proposed


def _by_layer(a: Sequence[OwnParameter], b: Sequence[OwnParameter], matched: Matched) -> Proposal:
    """Parameters of the same role in layers that are already matched by another parameter."""
    partners = {p.layer: q.layer for p, q in matched.items()}
    return [(p, q) for p in a for q in b if partners.get(p.layer) == q.layer and p.role == q.role and _fits(p, q)]


def _fits(a: OwnParameter, b: OwnParameter) -> bool:
    return a.trainable == b.trainable and (a.shape == b.shape or _axes(a, b) is not None)


def _axes(a: OwnParameter, b: OwnParameter) -> Axes | None:
    """The transposition of a parameter of the user's own layer; None if it needs none or none fits."""
    if a.shape == b.shape or a.role in CANONICAL:
        return None
    rank = len(a.shape)
    turns = {2: ((1, 0),), 3: ((2, 1, 0),), 4: ((2, 3, 1, 0), (3, 2, 0, 1))}.get(rank, ())
    return next((axes for axes in turns if tuple(a.shape[i] for i in axes) == b.shape), None)


def _questions(a: Sequence[OwnParameter], b: Sequence[OwnParameter], names: Names) -> list[str]:
    """A message for each unmatched parameter, with its possible partners."""
    questions = []
    for p in a:
        fitting = [q.name for q in b if _fits(p, q)]
        head = f"parameters: {names.a} {p.name} {p.shape}"
        if fitting:
            lines = " or ".join(f"{p.name}: {q}" for q in fitting)
            questions.append(f"{head} may be any of {', '.join(fitting)} in {names.b}; put under parameters:  {lines}")
        else:
            questions.append(
                f"{head} has no partner in {names.b}; {_unmatched(b, names.b)}; to leave it out:  {p.name}: null"
            )
    for q in b:
        if not any(_fits(p, q) for p in a):
            head = f"parameters: {names.b} {q.name} {q.shape} has no partner in {names.a}"
            questions.append(f"{head}; {_unmatched(a, names.a)}; to leave it out:  {q.name}: null")
    return questions


def _unmatched(parameters: Sequence[OwnParameter], name: str) -> str:
    listed = ", ".join(f"{parameter.name} {parameter.shape}" for parameter in parameters)
    return f"{name} has left {listed}" if listed else f"{name} has none left"


def _name(p: OwnParameter) -> str:
    return f"{p.layer}/{p.role}" if p.layer else p.role


def _distinct(matches: list[Match]) -> list[Match]:
    """The matches with distinct names. Parameters of one layer with the same role are called by their own names."""
    names = [match.name for match in matches]
    return [
        Match(match.a.name if names.count(match.name) > 1 else match.name, match.a, match.b, match.axes)
        for match in matches
    ]
