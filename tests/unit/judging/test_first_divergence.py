"""The first step at which a check is exceeded: what the ledger excuses is none."""

from __future__ import annotations

import numpy as np
import pytest

from harness.judging.checks import Check
from harness.judging.first_divergence import first_step
from harness.judging.judge import Claim
from harness.judging.tolerances import Excuse, Tolerance

STEPS = 5
ONE = np.ones(STEPS)


def check(off: dict[str, list[float]], excuse: Excuse | None = None) -> Check:
    """Ones, with a tolerance of 0.1, of which each arm is off by so much; only the first arm is excused."""
    claims = {
        arm: Claim(arm, ONE + by, Tolerance(0.1 * ONE, "made up"), np.float64, (lambda: excuse) if arm == "a" else None)
        for arm, by in off.items()
    }
    return Check("trajectory", "made up", ONE, claims, str, tensor="loss")


FITTING = [0, 0, 0.3, 0.3, 0.3]
EXCUSES = {
    "one number": Excuse(np.asarray(0.5), "known"),
    "by step": Excuse(0.5 * ONE, "known"),
    "any": Excuse(None, "known"),
}


def test_without_an_excuse_it_is_where_the_tolerance_is_exceeded() -> None:
    found = first_step([check({"a": FITTING, "b": [0.0] * STEPS})], ["a", "b"])
    assert found is not None
    assert found[0] == 2
    assert found[1].upto(3).judge("a", "b").status == "diverges"


@pytest.mark.parametrize("excuse", EXCUSES.values(), ids=EXCUSES)
def test_an_excused_claim_has_none(excuse: Excuse) -> None:
    made = check({"a": FITTING, "b": [0.0] * STEPS}, excuse)
    assert first_step([made], ["a", "b"]) is None
    assert made.upto(3).judge("a", "b").status == "known"


def test_past_its_excuse_a_claim_diverges_there() -> None:
    made = check({"a": [0, 0, 0.3, 0.3, 0.7], "b": [0.0] * STEPS}, EXCUSES["by step"])
    found = first_step([made], ["a", "b"])
    assert found is not None
    assert found[0] == 4
    assert made.upto(4).judge("a", "b").status == "known"
    assert made.upto(5).judge("a", "b").status == "diverges"


def test_an_excuse_holds_for_no_other_arm() -> None:
    made = check({"a": FITTING, "b": [0, 0, 0, 0.3, 0]}, EXCUSES["any"])
    found = first_step([made], ["a", "b"])
    assert found is not None
    assert found[0] == 3
