"""An arm against itself: equal bit for bit, apart by rounding, apart by more, or cut short."""

import numpy as np
import pytest
from made_up_traces import arm

from harness.judging.repeats import RUNS, Repeats
from harness.judging.tolerances import Tolerance

LOSSES = np.linspace(2, 1, 5, dtype=np.float32)
ENVELOPE = Tolerance(np.full(5, 1e-5), "made up")


def repeats(*others):
    """Three runs, of which the later may differ."""
    runs = dict(zip(RUNS, (LOSSES, *others), strict=False))
    arrays = {f"{run}/losses": runs.get(run, LOSSES) for run in RUNS}
    arrays |= {f"{run}/digests": np.zeros(2) for run in RUNS}
    return Repeats(arm("one"), arrays.__getitem__, 5)


def never():
    pytest.fail("the envelope is asked for only where runs differ")


def test_equal_bits_agree_without_an_envelope():
    verdict = repeats().judge(never)
    assert (verdict.status, verdict.tolerance) == ("agrees", 0.0)
    assert repeats().is_exact


@pytest.mark.parametrize(("by", "status", "culprit"), [(1e-6, "agrees", ""), (1e-4, "diverges", "one")])
def test_runs_that_lie_apart_are_judged_by_the_envelope(by, status, culprit):
    moved = LOSSES.copy()
    moved[3] += by
    verdict = repeats(moved).judge(lambda: ENVELOPE)
    assert (verdict.status, verdict.culprit, verdict.step) == (status, culprit, 3)
    assert "does not repeat itself bit for bit" in verdict.cause


def test_a_run_that_was_cut_short_diverges():
    verdict = repeats(LOSSES, LOSSES[:4]).judge(never)
    assert (verdict.status, verdict.cause) == ("diverges", "the third run was cut short")


def test_without_an_envelope_nothing_is_known_of_runs_that_differ():
    verdict = repeats(LOSSES + np.float32(1e-6)).judge(lambda: None)
    assert verdict.status == "unverified"
