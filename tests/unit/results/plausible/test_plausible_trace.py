"""What cannot be of trace.json, rule by rule."""

from __future__ import annotations

import math
from typing import Any

import pytest
from left_records import Build, left
from made_up_traces import arm, failure

from harness.results.plausible import trace

DIGEST = "0123456789abcdef" * 4


def test_the_arm_is_that_of_the_experiment(experiment_of: Build) -> None:
    assert list(trace.arm_of_the_experiment(left(experiment_of()))) == []


def test_every_other_field_is_told(experiment_of: Build) -> None:
    other = arm("one").model_copy(update={"threads": 2, "device": "gpu"})
    (told,) = trace.arm_of_the_experiment(left(experiment_of(), trace={"arm": other}))
    assert told == (
        "is of another arm than that of the experiment: device is 'gpu', and 'auto' in experiment.json; "
        "threads is 2, and None in experiment.json"
    )


@pytest.mark.parametrize(
    ("finished", "status", "told"),
    [
        (True, None, []),
        (False, "crashed", []),
        (True, "crashed", ["says both that the training finished and that the arm failed (timeout at training: "]),
        (False, None, ["says neither that the training finished nor that the arm failed, after 2 epochs"]),
    ],
)
def test_a_training_finished_or_failed(
    experiment_of: Build, finished: bool, status: str | None, told: list[str]
) -> None:
    fields = {"finished": finished, "failure": failure(status) if status else None}
    found = list(trace.end_of_the_training(left(experiment_of(), trace=fields)))
    assert len(found) == len(told)
    assert all(said.startswith(begin) for said, begin in zip(found, told, strict=True))


def test_an_arm_that_never_began_to_train_says_neither(experiment_of: Build) -> None:
    assert list(trace.end_of_the_training(left(experiment_of(), (), {"finished": False}))) == []


@pytest.mark.parametrize(
    ("value", "finished", "is_told"),
    [
        (DIGEST, True, False),
        (DIGEST.upper(), True, True),
        (DIGEST[1:], True, True),
        (f"{DIGEST}\n", True, True),
        ("", True, True),
        ("", False, False),
        ("x", False, True),
    ],
)
def test_a_digest_is_64_hexadecimal_digits(experiment_of: Build, value: str, finished: bool, is_told: bool) -> None:
    fields = dict.fromkeys(trace.DIGESTS, DIGEST) | {"finished": finished, "plan_digest": value}
    found = list(trace.digests(left(experiment_of(), trace=fields)))
    assert found == ([f"plan_digest is {value[:80]!r}, which is no SHA-256"] if is_told else [])


@pytest.mark.parametrize("field", ["import_time_s", "compile_time_s", "baseline_rss_bytes"])
def test_times_and_memory(experiment_of: Build, field: str) -> None:
    sound: dict[str, Any] = {"import_time_s": 0.0, "compile_time_s": 1.5, "baseline_rss_bytes": 10}

    def told(value: Any, finished: bool = True) -> list[str]:
        return list(trace.times_and_memory(left(experiment_of(), trace={**sound, field: value, "finished": finished})))

    assert told(sound[field]) == []
    assert told(None) == [f"has no {field}, and the training finished"]
    assert told(None, finished=False) == []
    assert told(-1) == [f"{field} is -1, which cannot be"]
    if field != "baseline_rss_bytes":
        assert told(math.inf) == [f"{field} is inf, which cannot be"]


def test_what_follows_from_the_rest_says_the_same(experiment_of: Build) -> None:
    one = left(experiment_of())
    sound = {"status": "complete", "summary": one.trace.summary()}
    assert list(trace.status_and_summary(left(experiment_of(), beside=sound))) == []
    wrong = {"status": "crashed", "summary": {**sound["summary"], "steps": 5, "epochs": True}}
    assert list(trace.status_and_summary(left(experiment_of(), beside=wrong))) == [
        "status is 'crashed', and 'complete' by what was recorded",
        "summary.epochs is True, and 2 by what was recorded",
        "summary.steps is 5, and 4 by what was recorded",
    ]
    assert list(trace.status_and_summary(left(experiment_of(), beside={}))) == []
