"""A head and its base timed in turns: their parts of one bench, when the rounds end, and what is judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_up_turns import BASE, HEAD, in_turns

from harness.composition import compose
from harness.records.exit_codes import AGREES, CRASHED, DIVERGES, SLOWER, UNDECIDED, UNVERIFIED
from harness.records.gate import Gate, GateRow
from harness.records.timing import Credit
from harness.records.verdict import Verdict
from harness.results.timings import Timings
from harness.subjects.gate.in_turns import Looks, is_cleared, judge_in_turns, part_of, rounds_to_time
from harness.subjects.gate.side import Side
from harness.timing.power import MOST_PROCESSES

UNSPENT = {"elapsed_s": 0.0, "round_s": 1.0, "budget_s": 100.0}
DIVERGED = Verdict(rung="optimizer", subject="adam", arm_a="mindspore", status="diverges")


def side(timings: Timings, is_base: bool, verdicts: tuple[Verdict, ...] = ()) -> Side:
    versions = {"mindspore": {"numpy": "2.0" if is_base else "2.1"}}
    part = part_of(timings, is_base)
    return Side(Path("bench"), compose([], []).experiment, {0: "plan"}, 1000, verdicts, {}, versions, part)


def gated(timings: Timings, head: tuple[Verdict, ...] = (), base: tuple[Verdict, ...] = ()) -> Gate:
    return judge_in_turns(side(timings, False, head), side(timings, True, base), "bench")


def row(gate: Gate, subject: str, check: str = "speed") -> GateRow:
    (found,) = [row for row in gate.rows if (row.check, row.subject) == (check, subject)]
    return found


def early(timings: Timings, rounds: int) -> Timings:
    return replace(timings, processes=tuple(p for p in timings.processes if p.round < rounds))


def test_both_parts_have_the_names_of_the_head() -> None:
    timings = in_turns(rounds=4, factors={"mindspore": 2.0})
    head, base = part_of(timings, False), part_of(timings, True)
    assert [r.name for r in head.bench.rows] == [r.name for r in base.bench.rows] == ["mindspore", "tensorflow"]
    assert head.step_s["control"] == base.step_s["control"]
    assert head.step_s["mindspore"][0] == pytest.approx(2 * base.step_s["mindspore"][0], rel=0.1)
    assert set(base.step_s["mindspore"]) == {0, 1, 2, 3}


def test_a_round_without_its_other_side_does_not_count() -> None:
    timings = in_turns(rounds=8, failed_round={"mindspore@base": 5})
    assert set(part_of(timings, False).step_s["mindspore"]) == {0, 1, 2, 3, 4}
    assert set(part_of(timings, False).step_s["tensorflow"]) == set(range(8))


def test_equal_sides_end_at_the_first_look() -> None:
    timings = in_turns(rounds=10)
    looks = Looks(10)
    assert looks.why_ended(early(timings, 9), 9, **UNSPENT) is None
    assert looks.why_ended(timings, 10, **UNSPENT) == "first look"
    gate = gated(timings)
    assert gate.exit_code == AGREES
    assert {r.status for r in gate.rows} == {"not slower"}


def test_a_slowdown_is_said_at_the_last_look_alone() -> None:
    timings = in_turns(rounds=20, factors={"mindspore": 1.1}, ended="last look")
    looks = Looks(10)
    assert looks.why_ended(early(timings, 10), 10, **UNSPENT) is None
    assert looks.last == 20
    assert looks.why_ended(early(timings, 19), 19, **UNSPENT) is None
    assert looks.why_ended(timings, 20, **UNSPENT) == "last look"
    gate = gated(timings)
    assert gate.exit_code == SLOWER
    assert (row(gate, "mindspore").status, row(gate, "tensorflow").status) == ("slower", "not slower")
    assert gate.sentence.startswith("SLOWER: mindspore (speed): 1.")
    assert "tensorflow" not in gate.sentence
    unsure = gated(replace(timings, bench=timings.bench.model_copy(update={"ended": "first look"})))
    assert row(unsure, "mindspore").status == "undecided"


def test_a_drift_of_the_machine_is_no_slowdown() -> None:
    """All becomes half as slow again over the rounds, the control too; two benches would not be compared."""
    gate = gated(in_turns(rounds=20, drift=0.5, ended="last look"))
    assert gate.exit_code == AGREES
    assert any("the machine moved; this slows head and base alike" in note for note in gate.notes)


@pytest.mark.nightly
def test_noise_takes_as_many_rounds_as_its_spread_needs() -> None:
    calm, noisy = in_turns(seed=3, spread=0.03), in_turns(seed=3, spread=0.3)
    assert not is_cleared(noisy)
    assert rounds_to_time(noisy, 10) == MOST_PROCESSES
    assert rounds_to_time(calm, 10) in range(10, MOST_PROCESSES + 1)
    assert rounds_to_time(in_turns(rounds=50, first=50, spread=0.3), 50) == 50  # the first look is the last
    assert Looks(50).why_ended(in_turns(rounds=50, spread=0.3), 50, **UNSPENT) == "last look"


def test_a_budget_ends_it_at_any_round() -> None:
    spent = {"elapsed_s": 99.5, "round_s": 1.0, "budget_s": 100.0}
    assert Looks(10).why_ended(in_turns(rounds=3), 3, **spent) == "budget"
    gate = gated(in_turns(rounds=3, factors={"mindspore": 1.5}, ended="budget"))
    assert gate.exit_code == UNDECIDED
    assert "3 of each side cannot show a slowdown at p = 0.01, 8 can" in row(gate, "mindspore").cause


def test_a_new_divergence_fails_and_one_of_the_base_does_not() -> None:
    credit = Credit(status="diverges", source="check", cause="rung optimizer, adam")
    new = in_turns(credits={"mindspore": credit})
    gate = gated(new, head=(DIVERGED,), base=(DIVERGED.model_copy(update={"status": "agrees"}),))
    assert gate.exit_code == DIVERGES
    assert row(gate, "mindspore", "parity").cause == "new: optimizer, adam"
    assert "parity of the head is diverges" in row(gate, "mindspore").cause
    old = in_turns(credits={"mindspore": credit, "mindspore@base": credit})
    again = gated(old, head=(DIVERGED,), base=(DIVERGED,))
    assert row(again, "mindspore", "parity").status == "agrees"
    assert again.exit_code == UNVERIFIED  # its time does not count


def test_a_head_that_dies_is_crashed_and_a_base_that_dies_unverified() -> None:
    gate = gated(in_turns(failed_round={"mindspore": 6}, ended="last look"))
    assert gate.exit_code == CRASHED
    assert (row(gate, "mindspore").status, row(gate, "mindspore").head_processes) == ("crashed", 6)
    assert row(gate, "tensorflow").status == "not slower"
    at_once = gated(in_turns(failed_round={"mindspore": 0}))
    assert row(at_once, "mindspore").cause.startswith("signal at time: killed by SIGSEGV")
    dead_base = gated(in_turns(failed_round={"mindspore@base": 0}))
    assert dead_base.exit_code == UNVERIFIED
    assert row(dead_base, "mindspore").cause == "its base failed: signal at time: killed by SIGSEGV"


def test_it_says_what_runs_both_sides_and_what_is_not_judged() -> None:
    gate = gated(in_turns())
    assert (gate.head, gate.base, gate.bench) == (str(HEAD), str(BASE), "bench")
    by_what = {(v.row, v.what): (v.head, v.base) for v in gate.versions}
    assert by_what["", "source"] == ("aaaaaaaaaaaa", "bbbbbbbbbbbb")
    assert by_what["mindspore", "numpy"] == ("2.1", "2.0")
    assert {row.check for row in gate.rows} == {"speed"}
    assert any(note.startswith("accuracy is not judged") for note in gate.notes)
