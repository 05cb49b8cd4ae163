"""What the times of a bench say: ratios by round, credit, a machine that moved, processes that were disturbed."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from made_up_timings import timings

from harness.records.failure import Failure
from harness.records.outcome import Unfinished
from harness.records.timing import CONTROL, Credit, HostState, Interference
from harness.results.timings import Timings
from harness.subjects.bench import outcome
from harness.subjects.bench.control import Control
from harness.subjects.bench.summary import disturbed, ratios, summaries

AGREES = Credit(status="agrees", source="results/check")


def bench(credit: Credit | None = AGREES, control: tuple[float, ...] = (0.5, 0.5, 0.51)) -> Timings:
    """Rounds that are slower and slower, in which `slow` takes twice as long as `fast`."""
    recorded = timings(
        {
            CONTROL: [[time_s] for time_s in control],
            "fast": [[0.010] * 3, [0.011] * 3, [0.012] * 3],
            "slow": [[0.020] * 3, [0.022] * 3, [0.024] * 3],
        }
    )
    rows = tuple(row.model_copy(update={"credit": credit}) for row in recorded.bench.rows)
    return replace(recorded, bench=recorded.bench.model_copy(update={"rows": rows}))


def test_ratios_are_formed_within_rounds() -> None:
    fast, slow = summaries(bench())
    assert fast.ratio is None
    assert slow.ratio is not None
    # Each round is slower than the one before, but not the ratio within it.
    assert (slow.ratio.estimate, slow.ratio.low, slow.ratio.high) == pytest.approx((2.0, 2.0, 2.0))
    assert slow.step_s.estimate == pytest.approx(0.022)
    assert slow.step_s.low < slow.step_s.estimate < slow.step_s.high
    assert ratios([fast, slow]) == [slow.ratio]
    assert ratios([fast]) == [fast.step_s]


def test_times_count_where_parity_holds() -> None:
    recorded = bench()
    assert [row.status for row in summaries(recorded)] == ["agrees", "agrees"]
    assert outcome.exit_code(recorded) == 0
    assert outcome.in_one_line(recorded).startswith("TIMED: fast takes 11 ms")
    assert "slow 2.000 (2.000 to 2.000) times as long" in outcome.in_one_line(recorded)


@pytest.mark.parametrize(
    ("credit", "code", "begins"),
    [
        (None, 4, "UNVERIFIED: fast: parity: not known"),
        (Credit(status="unverified", source="", cause="not climbed"), 4, "UNVERIFIED: fast: parity: not climbed"),
        (Credit(status="diverges", source="x", cause="rung loss"), 1, "DIVERGES: fast: parity: rung loss"),
    ],
)
def test_times_do_not_count_without_parity(credit: Credit | None, code: int, begins: str) -> None:
    recorded = bench(credit)
    assert outcome.exit_code(recorded) == code
    assert outcome.in_one_line(recorded).startswith(begins)


def test_a_machine_that_moved_proves_nothing() -> None:
    recorded = bench(control=(0.5, 0.5, 0.6))
    assert Control.of(recorded).difference == pytest.approx(0.2)
    assert [row.status for row in summaries(recorded)] == ["unverified", "unverified"]
    assert outcome.exit_code(recorded) == 4
    assert "the machine moved" in outcome.in_one_line(recorded)


def test_one_slow_round_is_not_the_machine() -> None:
    control = Control(dict(enumerate([0.5, 0.51, 0.9, 0.5, 0.505])))
    assert not control.has_moved
    assert control.in_words.startswith("the control's time differs by 2.0% between two rounds")


def test_a_drift_of_the_control_is_told() -> None:
    control = Control(dict(enumerate([0.5, 0.501, 0.502, 0.503, 0.53, 0.531, 0.532, 0.533, 0.534])))
    assert control.has_moved
    assert control.difference < 0.1
    assert (
        "in the second half of the rounds it was 1.061 times that in the first: the machine moved" in control.in_words
    )


def test_one_round_of_the_control_shows_nothing() -> None:
    control = Control({0: 0.5})
    assert not control.has_moved
    assert "fewer than two rounds" in control.in_words


def test_a_row_that_died_keeps_its_rounds() -> None:
    recorded = bench()
    failure = Failure(symptom="signal", stage="time", message="killed by SIGKILL")
    last = max(p.number for p in recorded.processes if p.row == "slow")
    processes = tuple(p.model_copy(update={"failure": failure}) if p.number == last else p for p in recorded.processes)
    recorded = replace(recorded, processes=processes)
    fast, slow = summaries(recorded)
    assert (fast.status, slow.status) == ("agrees", "crashed")
    assert len(slow.processes) == 2
    assert slow.ratio is not None
    assert slow.ratio.processes == 2
    assert outcome.exit_code(recorded) == 3
    assert outcome.in_one_line(recorded).startswith("CRASHED: slow: signal at time: killed by SIGKILL; fast takes")
    assert ratios([fast, slow]) == [fast.step_s]  # a crashed row cannot keep a bench going


def test_a_row_without_any_time() -> None:
    recorded = bench()
    failure = Failure(symptom="missing_framework", stage="start", message="not installed")
    kept = tuple(
        p.model_copy(update={"failure": failure}) if p.row == "slow" else p for p in recorded.processes if p.round == 0
    )
    slow = summaries(replace(recorded, processes=kept))[1]
    assert slow.status == "unverified"
    assert slow.samples_per_s is None
    assert slow.ratio is not None
    assert math.isnan(slow.ratio.estimate)


@pytest.mark.parametrize(
    ("others", "processors", "affinity", "threads", "expected"),
    [
        (0.1, 2, (0, 1), None, False),
        (0.5, 2, (0, 1), None, True),
        (1.0, 2, (0, 1), 1, False),  # it leaves a processor to others
        (1.5, 2, (0, 1), 1, True),
        (6.0, 8, (0, 1), None, False),
        (None, 2, (0, 1), None, False),
    ],
)
def test_disturbed(
    others: float | None, processors: int, affinity: tuple[int, ...], threads: int | None, expected: bool
) -> None:
    process = bench().processes[1]
    changes = {
        "interference": Interference(other_processors=others),
        "after": HostState(at_s=1.0, processors=processors),
        "affinity": affinity,
        "environment": {"threads": threads},
    }
    assert disturbed(process.model_copy(update=changes)) is expected


def test_an_unfinished_bench_says_why() -> None:
    text = outcome.in_one_line(bench(), Unfinished("interrupted", "stopped"))
    assert text.startswith("INTERRUPTED: stopped; fast takes")
    assert outcome.exit_code(bench(), Unfinished("interrupted", "stopped")) == 130


def test_a_row_whose_device_was_not_free_says_so() -> None:
    recorded = bench()
    flagged = [
        process.model_copy(update={"device_flag": "gpu 0 still held 1 GiB"} if process.row == "slow" else {})
        for process in recorded.processes[:-1]
    ]
    fast, slow = summaries(replace(recorded, processes=(*flagged, recorded.processes[-1])))
    count = sum(bool(process.device_flag) for process in flagged)
    assert f"device memory was not free again before {count} of 3" in slow.notes
    assert not any("device memory" in note for note in fast.notes)
