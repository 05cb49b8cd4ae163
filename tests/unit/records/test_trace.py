"""What follows from a trace's records: status, medians, and the row of the summary."""

from __future__ import annotations

import json

import pytest
from made_up_traces import arm, epoch, failure

from harness.records.arrangement import ChosenArrangement
from harness.records.timing import HostState, Interference
from harness.records.trace import Trace
from harness.report.rows import COLUMNS, runs_as


def trace(*times: float, losses: tuple[float, ...] = (1.0, 0.5), **fields: object) -> Trace:
    epochs = tuple(epoch(number, losses, time_s=time) for number, time in enumerate(times))
    return Trace.model_validate({"arm": arm("one"), "epochs": epochs, **fields})


def test_the_status() -> None:
    assert trace().status == "recorded"
    assert trace(finished=True).status == "complete"
    assert trace(finished=True, failure=failure("crashed")).status == "crashed"


def test_the_step_time_is_a_median_without_the_first_epoch() -> None:
    assert trace(100.0, 2.0, 4.0, 60.0).step_time_s == 2.0  # of 1, 2 and 30 seconds a step
    assert trace(100.0).step_time_s == 50.0  # there is no other
    assert trace().step_time_s is None


def test_samples_a_second_likewise() -> None:
    assert trace(100.0, 2.0, 4.0, 40.0).samples_per_s == 5.0  # 20 samples in 2, 4 and 40 seconds
    assert trace().samples_per_s is None


def test_columns_go_on_from_epoch_to_epoch() -> None:
    one = epoch(0, (1.0,)).model_copy(update={"gradient_norms": {"a": (1.0,)}, "digests": {"k/p": (2.0,)}})
    two = epoch(1, (0.5,)).model_copy(update={"gradient_norms": {"a": (3.0,)}, "clipped_norms": {"a": (4.0,)}})
    whole = Trace(arm=arm("one"), epochs=(one, two))
    assert whole.losses == (1.0, 0.5)
    assert whole.norms == {"gradient_norm/a": [1.0, 3.0], "clipped_norm/a": [4.0]}
    assert whole.digests == {"digest/k/p": [2.0]}


def test_the_summary_is_of_the_last_epoch() -> None:
    summary = trace(3.0, 2.0, finished=True, environment={"version": "9.9", "device": "gpu"}).summary()
    assert (summary["epochs"], summary["steps"], summary["train_time_s"]) == (2, 4, 5.0)
    assert (summary["train_loss"], summary["test_loss"], summary["peak_rss_bytes"]) == (0.75, 0.7, 1001)
    assert (summary["version"], summary["device"], summary["status"]) == ("9.9", "gpu", "complete")


def test_the_summary_of_an_arm_that_never_trained() -> None:
    summary = trace(failure=failure("unverified")).summary()
    assert (summary["status"], summary["epochs"], summary["steps"]) == ("unverified", 0, 0)
    assert summary["failure"] == "missing_device at training: as it happened"
    assert (summary["version"], summary["device"]) == ("", "auto")
    for key in ("test_accuracy", "test_loss", "train_loss", "step_time_s", "train_time_s", "peak_rss_bytes"):
        assert summary[key] is None


def test_a_field_of_a_newer_version_is_refused() -> None:
    with pytest.raises(ValueError, match="surprise"):
        trace(surprise=1)


def test_the_settings_of_the_row_say_why_an_arrangement_was_chosen() -> None:
    variables = {"ISA": "AVX2", "OPTS": "0"}
    chosen = ChosenArrangement(name="avx2", variables=variables, reason="calibrated", detail="faster")
    one = arm("one").model_copy(update={"environment": {"OPTS": "0"}})
    assert trace(arm=one, arrangement=chosen).summary()["settings"] == ["OPTS=0", "ISA=AVX2 (calibrated)"]
    assert trace(arrangement=ChosenArrangement(name="none", reason="none")).summary()["settings"] == []
    assert trace(arm=one).summary()["settings"] == ["OPTS=0"]  # of a run before there were arrangements


def test_a_record_of_before_there_were_arrangements() -> None:
    record = trace(1.0).model_dump(mode="json")
    del record["arrangement"], record["arm"]["arrangement"]
    before = Trace.model_validate_json(json.dumps(record), strict=True)
    assert (before.arrangement, before.arm.arrangement) == (None, "auto")


@pytest.mark.parametrize(("others", "threads", "told"), [(1.5, None, True), (0.1, None, False), (1.1, 1, False)])
def test_a_time_that_was_taken_under_load_is_told_of(others: float, threads: int | None, told: bool) -> None:
    """Of two processors, the training uses both, or one where it has one thread."""
    host = HostState(at_s=1.0, load=(2.0, 1.0, 1.0), processors=2, stalled_s={"cpu": 3.0})
    beside = Interference(other_processors=others)
    timed = trace(2.0, host=host, interference=beside, processors=2)
    timed = timed.model_copy(update={"arm": timed.arm.model_copy(update={"threads": threads})})
    flag = f"timed under load: other processes kept {others:.1f} processors busy" if told else ""
    assert timed.load_flag == flag
    row = timed.summary()
    assert ("under load" in dict(COLUMNS)["step, median"](row)) is told
    assert runs_as(row)[-1] == (flag or "native")
