"""What a run comes to: its exit code and its one line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, combinations
from typing import Any, get_args

import pytest
from made_up_traces import FAILED_AS, arm, trace, verdict

from harness.records.exit_codes import EXIT_CODES
from harness.records.outcome import Unfinished, exit_code, in_one_line
from harness.records.trace import Trace
from harness.records.verdict import Status, Verdict


def subsets(of: Sequence[str]) -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(of, size) for size in range(len(of) + 1)))


def test_exit_code_of_every_combination() -> None:
    gravity = {"interrupted": 130, "crashed": 3, "diverges": 1, "unverified": 4}
    said = get_args(Status)
    of_traces = ("complete", "recorded", *FAILED_AS)
    assert {trace(status=status).status for status in of_traces} == set(of_traces)
    for statuses in subsets(said):
        for others in subsets(of_traces):
            grave = (code for status, code in gravity.items() if status in (*statuses, *others))
            # Where nothing agrees, nothing has been verified; of the arms the verdicts name "one" alone has a trace.
            expected = next(grave, 0 if {"agrees", "known"} & set(statuses) else 4)
            code = exit_code([verdict(each) for each in statuses], [trace(status=each) for each in others])
            assert code == expected, (statuses, others)
            assert code in EXIT_CODES


@pytest.mark.parametrize(
    ("verdicts", "traces", "line"),
    [
        (
            [verdict(), verdict(rung="step"), verdict(rung="step")],
            [trace("one", accuracy=0.912), trace("other", accuracy=0.9185)],
            "AGREES: one and other on model, step; test accuracy 91.20 % and 91.85 %, 0.65 points apart",
        ),
        (
            [verdict("known"), verdict()],
            [trace("one", "recorded", epochs=0), trace("other", "recorded", epochs=0)],
            "AGREES: one and other on model",
        ),
        (
            [verdict(), verdict("diverges", "step"), verdict("diverges", "trajectory"), verdict("unverified")],
            [trace("one"), trace("other", "unverified")],
            "DIVERGES: the step rung diverges first: logits, at [3]; off",
        ),
        (
            [verdict("diverges"), verdict("crashed")],
            [trace("one", epochs=3), trace("other", "crashed", epochs=2)],
            "CRASHED: other: timeout at training: as it happened; one has 3 epochs, other has 2 epochs",
        ),
        (
            [verdict("crashed"), verdict("interrupted")],
            [trace("one", epochs=3), trace("other", "interrupted", epochs=1)],
            "INTERRUPTED: one has 3 epochs, other has 1 epochs",
        ),
        (
            [verdict(), verdict("unverified")],
            [trace("one"), trace("other", "unverified", epochs=0)],
            "UNVERIFIED: other: missing_device at training: as it happened",
        ),
    ],
    ids=["agrees", "known", "diverges", "crashed", "interrupted", "unverified"],
)
def test_in_one_line(verdicts: list[Verdict], traces: list[Trace], line: str) -> None:
    assert in_one_line(verdicts, traces) == line


def test_a_line_without_a_place() -> None:
    nowhere = verdict("diverges").model_copy(update={"worst_index": ""})
    assert in_one_line([nowhere], []) == "DIVERGES: the model rung diverges first: logits; off"


MOMENTUM = Verdict(
    rung="optimizer",
    subject="momentum rate_inside",
    arm_a="one",
    arm_b="other",
    status="diverges",
    judgement="one wrong",
    culprit="one",
    step=300,
    phase="slots",
    moment="when the rate changes",
    tensor="velocity/w",
    worst_index="velocity/w[3]",
    value_a=1.021,
    value_b=1.0,
    value_reference=1.0,
    ulp_a=176160.0,
    ulp_b=1.0,
    cause="momentum form",
    advice="other with optimizer.form: rate_outside",
)


def test_a_divergence_is_one_sentence() -> None:
    assert in_one_line([verdict(), MOMENTUM], [trace("one"), trace("other")]) == (
        "DIVERGES: the optimizer rung diverges first: momentum rate_inside, at update 300, when the rate changes, "
        "one's velocity/w is 0.021 off the reference and other's is 1 ULP off (velocity/w[3]); cause: momentum form; "
        "spec that makes them equal: other with optimizer.form: rate_outside"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"culprit": "one, other", "value_b": 1.5},
            "one's velocity/w is 0.021 off the reference and other's is 0.5 off",
        ),
        ({"arm_b": "reference", "value_b": None, "ulp_b": None}, "one's velocity/w is 0.021 off the reference ("),
        ({"value_reference": 0.0, "value_a": 2e-3}, "one's velocity/w is 0.002 (from 0) off the reference"),
        ({"judgement": "undetermined", "culprit": ""}, "which of the two is wrong is undetermined"),
        ({"phase": "gradient", "layer": "dense_1"}, "at step 300, when the rate changes, gradient, layer dense_1,"),
    ],
)
def test_what_the_sentence_says_of_others(changes: dict[str, Any], said: str) -> None:
    assert said in in_one_line([MOMENTUM.model_copy(update=changes)], [])


@pytest.mark.parametrize(
    "traces", [[trace(), trace("other", "unsupported", epochs=0)], [trace("other", "unsupported")]]
)
def test_what_is_unsupported_does_not_agree(traces: list[Trace]) -> None:
    # An arm that says so is no fault of the run; but nothing was compared with it, and the line must not claim it.
    verdicts = [verdict("unsupported", "start")]
    line = in_one_line(verdicts, traces)
    assert exit_code(verdicts, traces) == 4
    assert not line.startswith("AGREES")
    assert "other: unsupported at training: as it happened" in line


def test_what_is_unsupported_is_no_fault_of_arms_that_agree() -> None:
    traces = [trace(), trace("second"), trace("other", "unsupported", epochs=0)]
    verdicts = [verdict("unsupported", "start"), verdict()]
    assert exit_code(verdicts, traces) == 0
    line = in_one_line(verdicts, traces)
    assert line.startswith("AGREES: one and second on model")
    assert line.endswith("UNSUPPORTED: other: unsupported at training: as it happened")


# --- What is earned --------------------------------------------------------------------------------------------------


def reference(name: str) -> Trace:
    return trace().model_copy(update={"arm": arm(name, "float64", "reference")})


@pytest.mark.parametrize("status", ["agrees", "known"])
def test_the_reference_held_against_itself_agrees_with_nothing(status: str) -> None:
    traces = [reference("one"), reference("other")]
    assert exit_code([verdict(status)], traces) == 4
    assert in_one_line([verdict(status)], traces) == (
        "UNVERIFIED: nothing was checked that could have failed: the reference was held against itself; "
        "give an arm of a framework"
    )
    assert exit_code([verdict("diverges")], traces) == 1


def test_the_plan_held_against_its_definition_says_nothing_of_an_arm() -> None:
    drawn = verdict().model_copy(update={"arm_a": "plan", "arm_b": "reference"})
    assert exit_code([drawn], [trace("one")]) == 4
    assert exit_code([drawn, verdict()], [trace("one")]) == 0
    assert in_one_line([drawn], [trace("one")]) == "UNVERIFIED: nothing was checked that could have failed"


def test_no_verdict_at_all_is_no_agreement() -> None:
    assert exit_code([], [trace("one"), trace("other")]) == 4
    assert exit_code([], []) == 4


@pytest.mark.parametrize(
    ("kind", "code", "line"),
    [
        ("disk", 5, "UNFINISHED: why; one has 1 epochs"),
        ("output", 5, "UNFINISHED: why; one has 1 epochs"),
        ("internal", 70, "UNFINISHED: why; one has 1 epochs"),
        ("interrupted", 130, "INTERRUPTED: one has 1 epochs"),
    ],
)
@pytest.mark.parametrize("status", get_args(Status))
def test_what_did_not_come_to_its_end_is_nothing_else(status: str, kind: Any, code: int, line: str) -> None:
    unfinished = Unfinished(kind, "why")
    assert exit_code([verdict(status)], [trace("one")], unfinished) == code
    assert in_one_line([verdict(status)], [trace("one")], unfinished) == line
    assert code in EXIT_CODES


def test_a_check_that_could_not_be_made_says_which() -> None:
    missing = verdict("unverified").model_copy(update={"cause": "no check was made"})
    assert in_one_line([verdict(), missing, missing], [trace("one"), trace("other")]) == (
        "UNVERIFIED: rung model, logits, one and other: no check was made; and 1 more"
    )
