"""What is not the same about two recorded arms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from made_up_traces import epoch
from made_up_traces import trace as recorded

from harness.records.arrangement import ChosenArrangement
from harness.results.recorded import RecordedArm, RecordedRun
from harness.subjects.recorded.changes import LONGEST, MOST_ROWS, changed, other_outcomes, times
from harness.subjects.recorded.pairing import ArmPair


def arm(name: str, columns: Any = None, arrays: bool = False, **fields: Any) -> RecordedArm:
    trace = recorded(name, epochs=fields.pop("count", 2)).model_copy(update=fields)
    left = {"weights": {"a": np.ones(1)}, "predictions": {"label": np.ones(1)}} if arrays else {}
    return RecordedArm(trace, columns or {}, **left)


def pair(a: RecordedArm, b: RecordedArm) -> ArmPair:
    return ArmPair("one", a, b)


def run(*outcomes: tuple[str, ...]) -> RecordedRun:
    columns = ["rung", "subject", "arm_a", "arm_b", "status", "culprit"]
    return RecordedRun(Path("run"), None, {}, pd.DataFrame([list(each) for each in outcomes], columns=columns), {})


def test_equal_arms_have_nothing_changed() -> None:
    """Their names and their time limits are not looked at."""
    limit = recorded().arm.model_copy(update={"name": "other", "timeout_s": 5.0})
    assert changed(pair(arm("one"), arm("one", arm=limit))) == []


def test_settings_environment_and_realisations() -> None:
    before = {"environment": {"version": "1", "versions": {"x": "1"}, "device": None}}
    after = {"environment": {"version": "2", "versions": {"x": "1", "y": "3"}}}
    made = {"realisations": {"adam": {"kind": "native", "by": "nn.Adam"}}}
    other = {"realisations": {"adam": {"kind": "custom", "by": "ops", "reason": "why"}}}
    threads = recorded().arm.model_copy(update={"threads": 2})
    rows = changed(pair(arm("one", **before, **made), arm("one", arm=threads, **after, **other)))
    assert rows == [
        ["version", "1", "2"],
        ["adam", "native, nn.Adam", "custom, ops, why"],
        ["arm.threads", "", "2"],
        ["versions.y", "", "3"],
    ]


def test_arrangements() -> None:
    none = ChosenArrangement(name="none", reason="none", detail="not measured")
    avx2 = ChosenArrangement(name="avx2", variables={"ISA": "AVX2"}, reason="calibrated", detail="faster")
    assert changed(pair(arm("one", arrangement=none), arm("one", arrangement=avx2))) == [
        ["arrangement", "none: not measured", "ISA=AVX2 (calibrated): faster"]
    ]


def test_what_was_left_and_what_else_was_recorded() -> None:
    columns = {"gradient_norm/a": np.ones(2), "gradient_norm/b": np.ones(2), "digest/x": np.ones(2)}
    rows = changed(pair(arm("one"), arm("one", columns, arrays=True)))
    assert rows == [["left", "no arrays", "weights, predictions"], ["also recorded", "", "gradient_norm, digest"]]


def test_a_record_of_any_length_is_cut() -> None:
    many = {"environment": {f"k{n}": "x" * (LONGEST + 50) for n in range(MOST_ROWS + 5)}}
    rows = changed(pair(arm("one"), arm("one", **many)))
    assert len(rows) == MOST_ROWS + 1
    assert rows[0] == ["k0", "", "x" * LONGEST + "..."]
    assert rows[-1] == ["and 5 more", "", ""]


def sides() -> ArmPair:
    return ArmPair("one", arm("A.one"), arm("B.one"))


def test_checks_that_came_out_otherwise() -> None:
    a = run(("model", "loss", "one", "", "agrees", ""), ("model", "logits", "one", "", "agrees", ""))
    b = run(("model", "loss", "one", "", "diverges", "one"), ("model", "logits", "one", "", "agrees", ""))
    assert other_outcomes(a, b, sides()) == [["model", "loss", "agrees", "diverges"]]


def test_what_only_the_other_arm_got_wrong_is_no_change_of_this_one() -> None:
    a = run(("model", "loss", "one", "two", "agrees", ""))
    b = run(("model", "loss", "one", "two", "diverges", "two"))
    assert other_outcomes(a, b, sides()) == []


def test_several_checks_of_one_subject_are_taken_together() -> None:
    a = run(("model", "loss", "one", "", "known", ""), ("model", "loss", "one", "two", "agrees", ""))
    b = run(("model", "loss", "one", "", "agrees", ""))
    assert other_outcomes(a, b, sides()) == [["model", "loss", "agrees, known", "agrees"]]


def test_checks_that_one_side_alone_made_are_counted() -> None:
    a = run(("model", "loss", "one", "", "agrees", ""))
    b = run(("step", "update", "one", "", "agrees", ""), ("step", "gradient", "one", "", "agrees", ""))
    assert other_outcomes(a, b, sides()) == [
        ["", "1 checks that A alone made, the first model, loss", "", ""],
        ["", "2 checks that B alone made, the first step, update", "", ""],
    ]
    assert other_outcomes(a, run(), sides()) == []  # a run without verdicts


def test_times_of_both_sides() -> None:
    slow = arm("one", import_time_s=2.0, compile_time_s=0.0)
    fast = arm("one", epochs=tuple(epoch(n, (1.0, 0.5), time_s=1.0) for n in range(2)), import_time_s=1.0)
    rows = times(pair(slow, fast))
    assert rows[:2] == [("import", 2.0, 1.0), ("compile", 0.0, None)]
    assert {what: (a, b) for what, a, b in rows[2:]} == {
        "step, median": (1.0, 0.5),
        "samples/s": (10.0, 20.0),
        "training": (4.0, 2.0),
        "peak memory": (1001.0, 1001.0),
    }


def test_what_neither_measured_has_no_row_and_an_epoch_without_a_time_counts_for_none() -> None:
    untimed = tuple(epoch(n, (1.0,), time_s=0.0) for n in range(2))
    nothing = arm("one", epochs=untimed)
    assert times(pair(nothing, nothing)) == []
