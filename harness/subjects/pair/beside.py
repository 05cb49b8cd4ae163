"""What a side's layers do in training beside the loss and the update of the pair: penalties and constraints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.records.verdict import Verdict
from harness.subjects.pair.climbing import Climb

# By the phase of a verdict, what may be its cause.
CAUSES = {"loss": "penalties", "gradient": "penalties", "update": "constraints"}


def remarks_beside(built: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A remark on each side whose layers add to the loss, or hold parameters after every update."""
    return [told for name in built for what in ("penalties", "constraints") if (told := _told(built, name, what))]


def explained_beside(climb: Climb, verdict: Verdict) -> Verdict:
    """A diverging verdict on a loss, gradient or update, with what one side does there that the other does not."""
    what = CAUSES.get(verdict.phase or "")
    if verdict.status != "diverges" or what is None:
        return verdict
    differ = len({tuple(climb.built[arm.name].get(what, ())) for arm in climb.arms}) > 1
    told = [_told(climb.built, arm.name, what) for arm in climb.arms if differ]
    return verdict.model_copy(update={"cause": "; ".join(filter(None, (verdict.cause, *told)))})


def _told(built: Mapping[str, Mapping[str, Any]], name: str, what: str) -> str:
    found = ", ".join(built[name].get(what, ()))
    if not found:
        return ""
    if what == "penalties":
        return f"{name} adds to the loss, as its layers say: {found}"
    return f"{name} holds parameters after every update, as its layers say: {found}"
