"""Which of two models' parameters correspond by what their code shows: roles, shapes, names, the order of calls.

The leading parameter of a layer (its kernel, embeddings or gamma) is paired first; the others of the layer follow it.
Among leaders of one role and shape, names decide if both sides have the same ones, whatever the order of calls; else
the order decides. What neither decides is a `Group`, whose members other evidence may exchange.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
from scipy.optimize import linear_sum_assignment

from adapters.user_model import OwnParameter

Pairs = list[tuple[OwnParameter, OwnParameter]]
Fits = Callable[[OwnParameter, OwnParameter], bool]
LEADERS = ("kernel", "depthwise_kernel", "embeddings", "gamma", "alpha")
# Other names of the parts of an attention, and words that say nothing of a layer's place.
SYNONYMS = {"query": "q", "key": "k", "value": "v", "output": "o", "out": "o", "attention_output": "o", "wq": "q"} | {
    "wk": "k",
    "wv": "v",
    "wo": "o",
}
EMPTY_WORDS = re.compile(r"[_.]?(proj|projection|linear|dense|layer|fc|w)$")


@dataclass(frozen=True)
class Group:
    """Parameters of one role and shape: `a` is paired with `b` in this order, of which others are possible.

    `alternative`: the order of b that other evidence suggests: the order of calls, where names decided. `is_doubtful`:
    whether the order of calls says nothing, because the shapes of all parameters of the role come in another order.
    """

    a: tuple[OwnParameter, ...]
    b: tuple[OwnParameter, ...]
    by_names: bool = False
    alternative: tuple[OwnParameter, ...] = ()
    is_doubtful: bool = False

    @property
    def is_of_parts(self) -> bool:
        """Whether some are parts of one parameter, whose order in it no name shows."""
        return any(p.source for p in (*self.a, *self.b))


def by_role_and_names(
    a: Sequence[OwnParameter], b: Sequence[OwnParameter], matched: Mapping[OwnParameter, OwnParameter], fits: Fits
) -> tuple[Pairs, list[Group]]:
    """The leaders of layers, role by role, and then what follows them; and the groups of leaders of one shape."""
    pairs: Pairs = []
    groups: list[Group] = []
    roles = [role for role in LEADERS if any(p.role == role for p in a)]
    roles += [p.role for p in a if p.role not in LEADERS and not _has_leader(p, a)]
    for role in dict.fromkeys(roles):
        of_a, of_b = [p for p in a if p.role == role], [q for q in b if q.role == role]
        is_doubtful = len(of_a) == len(of_b) and not all(map(fits, of_a, of_b))
        for peers_a, peers_b in _of_one_shape(of_a, of_b, fits):
            if len(peers_a) != len(peers_b):
                pairs += _aligned(peers_a, peers_b, of_a, of_b, fits)
                continue
            named = _by_names(peers_a, peers_b)
            chosen = peers_b if named is None else named
            pairs += zip(peers_a, chosen, strict=True)
            if len(peers_a) > 1:
                other = () if named is None or named == peers_b else tuple(peers_b)
                doubt = is_doubtful and named is None
                groups.append(Group(tuple(peers_a), tuple(chosen), named is not None, other, doubt))
    return pairs, groups


def by_place(
    a: Sequence[OwnParameter], b: Sequence[OwnParameter], matched: Mapping[OwnParameter, OwnParameter], fits: Fits
) -> Pairs:
    """Parameters of the same role in layers whose leaders are paired."""
    partners = {place(p): place(q) for p, q in matched.items()}
    pairs: Pairs = []
    taken: set[int] = set()
    for p in a:
        for q in b:
            if id(q) not in taken and partners.get(place(p)) == place(q) and p.role == q.role and fits(p, q):
                pairs.append((p, q))
                taken.add(id(q))
                break
    return pairs


def in_gaps(
    left_a: Sequence[OwnParameter],
    left_b: Sequence[OwnParameter],
    a: Sequence[OwnParameter],
    b: Sequence[OwnParameter],
    matched: Mapping[OwnParameter, OwnParameter],
) -> Pairs:
    """Parameters of one role and rank that are in the same place between others that are paired, of other shapes."""
    position_a = {id(p): number for number, p in enumerate(_flat(a))}
    position_b = {id(q): number for number, q in enumerate(_flat(b))}
    anchors = sorted(
        (position_a[id(p)], position_b[id(q)])
        for p, q in matched.items()
        if id(p) in position_a and id(q) in position_b
    )

    def gap(position: int, side: int) -> int:
        return sum(anchor[side] < position for anchor in anchors)

    pairs: Pairs = []
    for p in left_a:
        taken = {id(q) for _, q in pairs}
        candidates = [
            q for q in left_b if id(q) not in taken and q.role == p.role and len(q.shape) == len(p.shape)
            and (
                gap(position_a[id(p)], 0) == gap(position_b[id(q)], 1)
                or any(place(x) == place(p) and place(y) == place(q) for x, y in matched.items())
            )
        ]  # fmt: skip
        if candidates:
            pairs.append((p, candidates[0]))
    return pairs


def place(parameter: OwnParameter) -> tuple[str, tuple[str, ...]]:
    """The layer that a parameter belongs to, and its part of it."""
    return parameter.layer, parameter.path


def tokens(parameter: OwnParameter) -> list[str]:
    """The names on the way to a parameter's layer, in one spelling."""
    words = [re.sub(r"(?<=[a-z])[_-]?(\d+)$", r"\1", name.lower()) for name in parameter.path]
    plain = [EMPTY_WORDS.sub("", word) or word for word in words]
    return [SYNONYMS.get(word, word) for word in plain]


def _flat(parameters: Sequence[OwnParameter]) -> list[OwnParameter]:
    return [piece for parameter in parameters for piece in parameter.pieces or (parameter,)]


def _has_leader(p: OwnParameter, peers: Sequence[OwnParameter]) -> bool:
    return any(q.role in LEADERS and place(q) == place(p) for q in peers)


def _of_one_shape(
    a: Sequence[OwnParameter], b: Sequence[OwnParameter], fits: Fits
) -> list[tuple[list[OwnParameter], list[OwnParameter]]]:
    """The parameters of both sides that fit each other, group by group."""
    left = list(a)
    groups = []
    while left:
        partners = [q for q in b if fits(left[0], q)]
        peers = [p for p in left if p.shape == left[0].shape or (partners and all(fits(p, q) for q in partners))]
        left = [p for p in left if p not in peers]
        if partners:
            groups.append((peers, partners))
    return groups


def _by_names(a: Sequence[OwnParameter], b: Sequence[OwnParameter]) -> list[OwnParameter] | None:
    """b in the order of a's names; None if not every name of the layers of one side is found on the other.

    Among layers of one name, those with more names around them in common belong together, and then the order decides.
    """
    if len(a) < 2:
        return None
    of_a, of_b = [tokens(p) for p in a], [tokens(q) for q in b]
    if not all([*of_a, *of_b]) or sorted(t[-1] for t in of_a) != sorted(t[-1] for t in of_b):
        return None
    if len({t[-1] for t in of_a}) == 1 and all(len(t) == 1 for t in (*of_a, *of_b)):
        return None
    cost = np.array(
        [[_distance(s, t) * len(a) ** 2 + abs(i - j) for j, t in enumerate(of_b)] for i, s in enumerate(of_a)]
    )
    rows, columns = linear_sum_assignment(cost)
    return [b[column] for _, column in sorted(zip(rows, columns, strict=True))]


def _distance(s: Sequence[str], t: Sequence[str]) -> int:
    """How far two paths are apart; very far if their last names differ."""
    if s[-1] != t[-1]:
        return 1000
    common = sum(block.size for block in SequenceMatcher(None, s, t, autojunk=False).get_matching_blocks())
    return max(len(s), len(t)) - common


def _aligned(
    a: Sequence[OwnParameter], b: Sequence[OwnParameter], all_a: Sequence[OwnParameter],
    all_b: Sequence[OwnParameter], fits: Fits,
) -> Pairs:  # fmt: skip
    """The members of a group that is larger on one side, by their names or else by the shapes around them."""
    last_a, last_b = ({tokens(p)[-1]: p for p in side if p.path} for side in (a, b))
    common = last_a.keys() & last_b.keys()
    if len(common) == min(len(a), len(b)):
        return [(last_a[name], last_b[name]) for name in last_a if name in common]
    blocks = SequenceMatcher(None, [p.shape for p in all_a], [q.shape for q in all_b], autojunk=False)
    aligned = [
        (all_a[block.a + n], all_b[block.b + n]) for block in blocks.get_matching_blocks() for n in range(block.size)
    ]
    return [(p, q) for p, q in aligned if p in a and q in b and fits(p, q)]
