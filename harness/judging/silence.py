"""Silence is no agreement: a rung that had something to judge and made no check of an arm is `unverified`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.records.verdict import Verdict

NO_WORD = "it was asked for, and the experiment has no word that it judges"
NO_TRAINING = "it was asked for, and the trainings recorded nothing that it judges"
NO_CHECK = "it was climbed, and made no check"


def silent_rung(rung: str, cause: str) -> Verdict:
    """The verdict on a rung that made no check at all."""
    return Verdict(rung=rung, subject="the rung", arm_a="", status="unverified", cause=cause)


def silent_arms(rung: str, arms: Iterable[str], verdicts: Sequence[Verdict], cause: str = NO_CHECK) -> list[Verdict]:
    """A verdict for each of `arms` that no verdict of the rung is about.

    A rung that judges no arm by name, as the initializers of the plan, has to make at least one check.
    """
    judged = {name for verdict in verdicts for name in (verdict.arm_a, verdict.arm_b)}
    missing = [arm for arm in arms if arm not in judged]
    if verdicts and not judged & set(arms):
        return []
    return [
        Verdict(rung=rung, subject="the rung", arm_a=arm, status="unverified", cause=f"{cause} of {arm}")
        for arm in missing
    ]
