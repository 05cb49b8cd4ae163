"""Excuses of a pair from the ledger: a divergence that is gone once a framework's known error is taken out.

A side's rung is climbed again with the operations of the ledger's entries computed exactly in its live model. A
difference that has gone then is the framework's, and neither port is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from harness.ledger import Entry, entries_for
from harness.ledger.loading import installed
from harness.records.verdict import Verdict
from harness.spec.arm import Arm
from harness.subjects.pair.climbing import Climb
from harness.subjects.pair.tasks import TASKS

ClimbRung = Callable[[Climb], list[Verdict]]
Entries = Mapping[str, Sequence[Entry]]  # by arm


def excused(climb: Climb, verdicts: list[Verdict], climb_rung: ClimbRung) -> list[Verdict]:
    """The verdicts of a rung, of which those that the ledger explains are `known`.

    `climb_rung`: climbs the rung again. Nothing is asked if no entry may explain a divergence.
    """
    diverging = [verdict for verdict in verdicts if verdict.status == "diverges"]
    entries = {arm.name: _may_explain(climb, arm, diverging) for arm in climb.arms} if diverging else {}
    explained = verdicts
    for tried in _attempts(entries):
        explained = _explained(climb, verdicts, climb_rung, tried)
        if all(verdict.status != "diverges" for verdict in explained):
            break
    return explained


def _attempts(entries: Entries) -> list[Entries]:
    """Which entries are tried together: the coarsest by itself, then all."""
    listed = sorted(((name, entry) for name in entries for entry in entries[name]), key=lambda each: _coarse(each[1]))
    alone: list[Entries] = [{name: [entry for _, entry in listed[-1:]]} for name, _ in listed[-1:]]
    return [*alone, entries] if len(listed) > 1 else alone


def _coarse(entry: Entry) -> float:
    return entry.bound or np.inf


def _explained(climb: Climb, verdicts: list[Verdict], climb_rung: ClimbRung, entries: Entries) -> list[Verdict]:
    """The verdicts, of which those that are gone without these entries' errors are `known`."""
    words = {name: sorted({f"{e.family}/{e.word}" for e in of_arm}) for name, of_arm in entries.items() if of_arm}
    exact = replace(climb, remarks=[], distrusted=dict(climb.distrusted), exactly=True)
    climb.ask(TASKS["pair_exactly"], by_arm={name: {"words": of_arm} for name, of_arm in words.items()})
    try:
        again = climb_rung(exact)
    finally:
        climb.ask(TASKS["pair_exactly"], by_arm={name: {"words": []} for name in words})
    if len(again) != len(verdicts):
        return verdicts
    return [
        _known(before, entries) if before.status == "diverges" and after.status in ("agrees", "known") else before
        for before, after in zip(verdicts, again, strict=True)
    ]


def _may_explain(climb: Climb, arm: Arm, diverging: Sequence[Verdict]) -> list[Entry]:
    """The entries about operations that an arm's model uses, and that may be the cause of one of these verdicts.

    An entry `inaccurate` explains no difference that float64 has too. If a word has one, its entries `different` are
    about other calls than those of an agreeing value. A loss is the adapter's own, which is never different.
    """
    built = climb.built[arm.name]
    versions = built["environment"].get("versions") or installed(arm.adapter)
    device = built["environment"].get("device") or "cpu"
    of_words = [
        entry
        for family, _, word in (used.partition("/") for used in built.get("words", ()))
        for entry in entries_for(arm.adapter, versions, family, word, arm.precision)
        if entry.holds_in(arm.precision, arm.mode, device)
    ]
    accuracy = any(arm.name in verdict.culprit.split(", ") for verdict in diverging) or not _both_in_float64(climb)
    coarse = {entry.word for entry in of_words if entry.kind == "inaccurate"}
    different = [e for e in of_words if e.kind == "different" and e.word not in coarse and e.family != "loss"]
    return [*different, *(e for e in of_words if e.kind == "inaccurate" and accuracy)]


def _both_in_float64(climb: Climb) -> bool:
    return not climb.distrusted and not any(climb.built[arm.name]["refused"] for arm in climb.arms)


def _known(verdict: Verdict, entries: Entries) -> Verdict:
    """The verdict with the entries as its cause. Its numbers, and who is off, stay."""
    listed = [entry for of_arm in entries.values() for entry in of_arm]
    ids = ", ".join(entry.id + (f", bound {entry.bound_in_words}" if entry.bound else "") for entry in listed)
    exact = " and ".join(name for name, of_arm in entries.items() if of_arm)
    cause = f"ledger: {ids}; proven: with this computed exactly in the model of {exact} the two agree"
    what = f": {listed[0].what}" if len(listed) == 1 else ""
    return verdict.model_copy(update={"status": "known", "cause": cause + what, "advice": ""})
