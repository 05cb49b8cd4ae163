"""What stands in the cells of the tables."""

from __future__ import annotations

from typing import Any

import pytest
from made_up_traces import failure
from made_up_traces import trace as recorded

from harness.records.verdict import Verdict
from harness.report.rows import ladder_table, number, rung_table, runs_as, schedule_table, summary_table, ulps


def verdict(**fields: Any) -> Verdict:
    return Verdict(**{"rung": "model", "subject": "logits", "arm_a": "one", "status": "agrees", **fields})


def cells(table: Any, row: int = 0) -> dict[str, str]:
    head, rows = table
    return dict(zip(head, rows[row], strict=True))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (0.0, "0.0"), (0.04, "0.0"), (999.94, "999.9"), (1000.0, "1e+03"), (2437.0, "2.4e+03")],
)
def test_units_in_the_last_place(value: float | None, shown: str) -> None:
    assert ulps(value) == shown


def test_a_number_that_is_missing_is_an_empty_cell() -> None:
    assert number(None, "{:.2%}") == ""
    assert number(0.0, "{:.2%}") == "0.00%"
    assert number(1 / 3) == "0.3333333"


def test_the_schedule_has_a_table_of_its_own() -> None:
    schedule = verdict(
        rung="schedule", subject="cosine: table", arm_b="reference", worst_ulp=0.4, worst_index="step 3", value_a=0.1
    )
    both = [verdict(arm_b="other"), schedule]
    row = cells(schedule_table(both))
    assert (row["schedule: form"], row["worst ULP"], row["at"]) == ("cosine: table", "0.4", "step 3")
    assert (row["value"], row["reference"]) == ("0.1", "")
    assert len(schedule_table(both)[1]) == len(ladder_table(both)[1]) == 1
    assert cells(ladder_table(both))["arms"] == "one : other"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"status": "diverges", "culprit": "one", "judgement": "one wrong"}, "one"),
        ({"status": "diverges", "judgement": "undetermined"}, "undetermined"),
        ({"status": "diverges", "judgement": "both right"}, ""),
        ({"status": "known", "culprit": "one", "judgement": "one wrong"}, ""),
        ({"judgement": "both right"}, ""),
    ],
)
def test_who_is_wrong_is_said_of_divergences_alone(fields: dict[str, Any], wrong: str) -> None:
    assert cells(ladder_table([verdict(**fields)]))["wrong"] == wrong


def test_the_cause_and_the_advice_share_a_cell() -> None:
    row = cells(ladder_table([verdict(cause="a form", advice="a change", detects=4.1e-06, error_over_tolerance=3.127)]))
    assert (row["cause"], row["detects"], row["of tolerance"]) == ("a form; a change", "4e-06", "312.7%")
    assert cells(ladder_table([verdict(advice="a change")]))["cause"] == "a change"


def test_the_rungs_are_counted_by_outcome() -> None:
    statuses = ["agrees", "agrees", "agrees", "known", "diverges", "unverified", "crashed"]
    verdicts = [verdict(status=each, subject=str(n), worst_ulp=10.0 * n) for n, each in enumerate(statuses)]
    row = cells(rung_table([*verdicts, verdict(rung="step")]))
    assert (row["checks"], row["agree"], row["known"], row["unsupported"]) == ("7", "3", "1", "")
    assert (row["diverge"], row["other"]) == ("1", "2")
    assert (row["median ULP"], row["worst ULP"], row["of"]) == ("10.0", "20.0", "2")  # of those that agree


def test_the_worst_by_units_and_by_tolerance_may_be_two() -> None:
    far, near = {"worst_ulp": 900.0, "error_over_tolerance": 0.1}, {"worst_ulp": 2.0, "error_over_tolerance": 0.9}
    row = cells(rung_table([verdict(subject="far", **far), verdict(subject="near", **near)]))
    assert (row["worst ULP"], row["of"], row["most of tolerance"], row["by"]) == ("900.0", "far", "90.0%", "near")


def test_a_rung_without_numbers_has_empty_cells() -> None:
    row = cells(rung_table([verdict(rung="self")]))
    assert [row[name] for name in ("median ULP", "worst ULP", "of", "most of tolerance", "by")] == [""] * 5


def test_the_summary_of_an_arm() -> None:
    row = cells(summary_table([recorded(epochs=2, accuracy=0.915)]))
    assert (row["arm"], row["status"], row["test accuracy"], row["scored"]) == ("one", "complete", "91.50%", "1,000")
    assert (row["step, median"], row["samples/s"], row["training"]) == ("1000.00 ms", "10", "4.0 s")
    assert row["peak memory"] == "0 MiB"


def test_the_summary_of_an_arm_that_never_trained() -> None:
    row = cells(summary_table([recorded("two", "unverified", epochs=0)]))
    assert (row["arm"], row["status"]) == ("two", failure("unverified").status)
    assert [row[name] for name in ("test accuracy", "step, median", "training", "peak memory")] == [""] * 4


def test_how_an_arm_runs() -> None:
    summary = recorded().summary()
    assert runs_as(summary) == ["graph", "auto", "float32", "native"]
    assert runs_as({**summary, "settings": ["A=1"]})[-1] == "A=1"
