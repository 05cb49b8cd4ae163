"""The tables of a comparison: one row for each kind of quantity that both recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
from made_up_traces import epoch, verdict
from made_up_traces import trace as recorded

from harness.report.comparison import time_table, verdict_table
from harness.results.recorded import RecordedArm
from harness.subjects.recorded.comparison import Compared
from harness.subjects.recorded.facts import ArmFacts, differences
from harness.subjects.recorded.pairing import ArmPair


def arm(name: str, losses: tuple[float, ...], **left: Any) -> RecordedArm:
    trace = recorded(name).model_copy(update={"epochs": (epoch(0, losses),), "learning_rates": (0.1,) * len(losses)})
    return RecordedArm(trace, **left)


def rows(a: RecordedArm, b: RecordedArm) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in differences(Compared(ArmPair("one", a, b), []))}


def test_equal_runs() -> None:
    found = rows(arm("A.one", (1.0, 0.5)), arm("B.one", (1.0, 0.5)))
    assert found
    assert all(row[1:] == ["equal", "", ""] for row in found.values())


def test_where_losses_part_and_how_far() -> None:
    found = rows(arm("A.one", (1.0, 0.5, 0.25)), arm("B.one", (1.0, 0.5, 0.2)))
    (losses,) = [row for name, row in found.items() if row[2] == "step 2"]
    assert losses == ["3", "differs", "step 2", "0.05"]  # |0.25 - 0.2| over the largest


def test_a_run_that_is_shorter_agrees_as_far_as_it_goes() -> None:
    found = rows(arm("A.one", (1.0, 0.5, 0.25)), arm("B.one", (1.0, 0.5)))
    assert ["2 of 3 and 2", "equal as far as both go", "", ""] in found.values()


def test_a_quantity_of_several_parameters_is_one_row() -> None:
    """The parameter that parts first need not be the one that is most apart."""
    a = {"digest/weight_projection/k": np.array([1.0, 2.0]), "digest/weight_projection/b": np.array([1.0, 4.0])}
    b = {"digest/weight_projection/k": np.array([0.5, 2.0]), "digest/weight_projection/b": np.array([1.0, 1.0])}
    found = rows(arm("A.one", (1.0, 0.5), columns=a), arm("B.one", (1.0, 0.5), columns=b))
    assert found["weight_projection of 2 parameters"] == ["4", "differs", "step 0, k", "0.75, b"]


def test_weights_are_one_row_and_one_side_may_have_none() -> None:
    weights = {"k": np.array([1.0, 2.0]), "b": np.array([4.0])}
    both = rows(arm("A.one", (1.0,), weights=weights), arm("B.one", (1.0,), weights={**weights, "b": np.array([2.0])}))
    assert both["final weights"] == ["3", "differs", "value 2", "0.5"]
    one = rows(arm("A.one", (1.0,)), arm("B.one", (1.0,), weights=weights))
    assert one["final weights"] == ["0 of 0 and 3", "only in B", "", ""]


def test_the_verdicts_say_who_is_right_by_the_reference() -> None:
    said = verdict("diverges").model_copy(
        update={"arm_a": "A.one", "arm_b": "B.one", "judgement": "one wrong", "error_over_tolerance": 2.5}
    )
    head, (row,) = verdict_table([said])
    cells = dict(zip(head, row, strict=True))
    assert (cells["arms"], cells["by the reference"], cells["of tolerance"]) == ("A.one : B.one", "one wrong", "250.0%")


def test_times_in_their_units_with_their_ratio() -> None:
    times = (("import", 2.0, 1.0), ("compile", 0.0, None), ("step, median", 1.0, 0.5), ("peak memory", 2**21, 2**20))
    arms = ArmFacts(name="one", in_words="", changed=(), differences=(), other_outcomes=(), times=times)
    head, rows = time_table(arms)
    assert head == ["what", "A", "B", "B / A"]
    assert rows == [
        ["import", "2.00 s", "1.00 s", "0.50"],
        ["compile", "0.00 s", "", ""],
        ["step, median", "1000.000 ms", "500.000 ms", "0.50"],
        ["peak memory", "2 MiB", "1 MiB", "0.50"],
    ]
