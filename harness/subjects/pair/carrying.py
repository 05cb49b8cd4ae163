"""Gives both models the first side's weights, and finds which of their axes have another order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.plan import digest_in_precision
from harness.records.verdict import Verdict
from harness.subjects.pair.climbing import MODEL, Answers, Climb
from harness.subjects.pair.mapping import AS_IT_IS, Match
from harness.subjects.pair.side import rows_last
from harness.subjects.pair.spec import EACH
from harness.subjects.pair.stirring import stirred
from harness.subjects.pair.tasks import TASKS
from harness.subjects.pair.trying import Trials
from harness.system.array_files import Arrays, save_arrays


def carried_over(climb: Climb) -> list[Verdict]:
    """Gives the first side's weights to both sides, reads them back, and finds the dense layers of flattened images.

    The verdicts on the structure, the dropout rates, and the weights read back.
    """
    inputs, own = _carried(climb, climb.matches)
    if climb.channels_first:
        climb.rows = _flattened(climb, *(inputs[arm.name][1] for arm in climb.arms))
        own[climb.channels_first] |= {n: rows_last(own[climb.channels_first][n], i) for n, i in climb.rows.items()}
        climb.weights = dict(own[_source(climb)])
        inputs = _loaded(climb) if climb.rows else inputs
    if climb.pairing is not None and climb.pairing.is_open:
        before, found = climb.matches, _trials(climb).best()
        inputs, own = _carried_anew(climb, before, found, own)
    ordered = {match.name: climb.weights[match.name] for match in climb.matches}
    climb.start_digests = {arm.name: digest_in_precision(ordered, arm.precision) for arm in climb.arms}
    wrong = [name for name, digest in climb.start_digests.items() if inputs[name][0]["digest"] != digest]
    cause = f"read back from {', '.join(wrong)}, the weights are others than were given" if wrong else ""
    started = [_started_alike(climb, own)] if climb.pair.weights_from == EACH else []
    return [
        _structure(climb),
        *started,
        *_dropouts(climb),
        _stated(climb, "weights carried over", cause, "bit-equal, read back"),
    ]


def _source(climb: Climb) -> str:
    """The name of the side whose weights both start from."""
    a = climb.arms[0].name
    return next((arm.name for arm in climb.arms if arm.adapter == climb.pair.weights_from), a)


def _carried(climb: Climb, matches: Sequence[Match]) -> tuple[Answers, dict[str, Arrays]]:
    """Tells both sides the shared names and views, takes the weights of one, and loads them into both.

    Also returns both sides' own weights, as their builders left them.
    """
    a, b = climb.arms
    taken = climb.ask(TASKS["pair_take"], by_arm={a.name: _shared(matches, "a"), b.name: _shared(matches, "b")})
    own = {
        arm: {name: value.astype(np.float32) for name, value in answer.items()} for arm, (_, answer) in taken.items()
    }
    climb.weights = dict(own[_source(climb)])
    return _loaded(climb), own


def _carried_anew(
    climb: Climb, before: Sequence[Match], matches: Sequence[Match], own: dict[str, Arrays]
) -> tuple[Answers, dict[str, Arrays]]:
    """Carries the weights by other matches than before, after both sides got back their own ones, which are `own`."""
    for arm, side in zip(climb.arms, "ab", strict=True):
        save_arrays(climb.trial, own[arm.name])
        climb.ask(TASKS["pair_take"], by_arm={arm.name: _shared(before, side)})
        climb.ask(TASKS["pair_load"], by_arm={arm.name: _load_of(climb, arm.name, climb.trial)})
    climb.matches = matches
    return _carried(climb, matches)


def _trials(climb: Climb) -> Trials:
    """Trials at stirred weights, which both sides hold from now on; at their own ones if the outputs overflow then."""
    for weights in (stirred(climb.weights, climb.matches), climb.weights):
        save_arrays(climb.trial, weights)
        climb.ask(TASKS["pair_load"], by_arm={arm.name: _load_of(climb, arm.name, climb.trial) for arm in climb.arms})
        trials = Trials(climb, lambda matches: _tried(climb, matches))
        if all(np.all(np.isfinite(value)) for value in trials.expected.values()):
            break
    return trials


def _tried(climb: Climb, matches: Sequence[Match]) -> None:
    """Carries what the first side holds to the second by these matches."""
    a, b = (arm.name for arm in climb.arms)
    taken = climb.ask(TASKS["pair_take"], by_arm={a: _shared(matches, "a"), b: _shared(matches, "b")})
    save_arrays(climb.trial, taken[a][1])
    climb.ask(TASKS["pair_load"], by_arm={b: _load_of(climb, b, climb.trial)})


def _shared(matches: Sequence[Match], side: str) -> dict[str, Any]:
    """What the worker of a side is told of the shared parameters: their names there, their views, what is added."""
    names, views, added = {}, {}, {}
    for m in matches:
        parameter, second, view = (m.a, m.added_a, m.view_a) if side == "a" else (m.b, m.added_b, m.view_b)
        names[m.name] = parameter.source or parameter.name
        if view:
            views[m.name] = view
        if second is not None:
            # The second bias has the layout of the first one.
            added[m.name] = (second.source or second.name, [*second.view, *view[len(parameter.view) :]])
    return {"names": names, "views": views, "added": added}


def _loaded(climb: Climb) -> Answers:
    save_arrays(climb.start, climb.weights)
    return climb.ask(
        TASKS["pair_load"], by_arm={arm.name: _load_of(climb, arm.name, climb.start) for arm in climb.arms}
    )


def _load_of(climb: Climb, arm: str, weights: Path) -> dict[str, Any]:
    """What the worker of an arm is told to load."""
    return {"weights": str(weights), "rows": climb.rows if arm == climb.channels_first else {}}


def _flattened(climb: Climb, of_a: Arrays, of_b: Arrays) -> dict[str, list[int]]:
    """By kernel of a dense layer, its input image (H, W, C), if the sides' inputs are closer in the other layout."""
    images = {name: {tuple(s) for s in built["images"]} for name, built in climb.built.items()}
    first = climb.channels_first
    rows = {}
    for match in climb.matches:
        x, y = of_a.get(match.a.layer), of_b.get(match.b.layer)
        if match.a.role != "kernel" or x is None or y is None or x.shape != y.shape:
            continue
        turning, fixed = (x, y) if first == climb.arms[0].name else (y, x)
        best = float(np.max(np.abs(turning - fixed)))
        for image in images[first]:
            if int(np.prod(image)) == x.shape[1]:
                distance = float(np.max(np.abs(rows_last(turning.T, image).T - fixed)))
                if distance < best:
                    best, rows[match.name] = distance, list(image)
    return rows


def _started_alike(climb: Climb, own: dict[str, Arrays]) -> Verdict:
    """The verdict on whether both builders' own weights are the same, as those of one trained model must be."""
    a, b = (arm.name for arm in climb.arms)
    apart = {
        name: float(np.max(np.abs(own[a][name] - own[b][name]), initial=0.0))
        for name in own[a]
        if own[a][name].shape == own[b][name].shape
    }
    wrong = [name for name, distance in apart.items() if distance > 0]
    cause = ""
    if wrong:
        place = f"first {climb.spoken(wrong[0])}, by up to {apart[wrong[0]]:.3g}"
        cause = f"{a}'s and {b}'s weights differ in {len(wrong)} of {len(apart)} parameters, {place}"
    return _stated(climb, "the builders' own weights", cause, "bit-equal, as each builder left them")


def _structure(climb: Climb) -> Verdict:
    a, b = (arm.name for arm in climb.arms)
    ways = [(m, m.how(a, b)) for m in climb.matches]
    remarks = [
        f"parameter {m.name} ({m.a.name} / {m.b.name}) is carried so: {how}" for m, how in ways if how != AS_IT_IS
    ]
    remarks += [f"{n}: rows in the order of an image of {tuple(i)}, channels last" for n, i in climb.rows.items()]
    climb.remarks += remarks
    without = [name for name, partner in climb.pair.parameters.items() if partner is None]
    climb.remarks += [f"{name} has no partner, as given" for name in without]
    source = f"{len(climb.matches)} parameters, each with a partner of its shape"
    return _stated(climb, "structure", "", source)


def _dropouts(climb: Climb) -> list[Verdict]:
    """A verdict on the dropout rates. Dropout is off while training is compared, because the masks would differ."""
    # A layer that drops nothing, such as the one within Keras' attention, is none.
    rates = [[s["rate"] for s in climb.built[arm.name]["settings"].values() if s.get("rate")] for arm in climb.arms]
    if not any(rates):
        return []
    a, b = climb.arms
    cause = "" if rates[0] == rates[1] else f"{a.name} drops {_listed(rates[0])}, {b.name} {_listed(rates[1])}"
    return [_stated(climb, "dropout", cause, "rates, in order; off while training is compared")]


def _listed(rates: Sequence[float]) -> str:
    return ", ".join(f"{rate:g}" for rate in rates) or "nothing"


def _stated(climb: Climb, subject: str, cause: str, source: str) -> Verdict:
    a, b = climb.arms
    return Verdict(
        rung=MODEL,
        subject=subject,
        arm_a=a.name,
        arm_b=b.name,
        status="diverges" if cause else "agrees",
        judgement="undetermined" if cause else "both right",
        tolerance=0.0,
        tolerance_source=source,
        cause=cause,
    )
