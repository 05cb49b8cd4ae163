"""What a run comes to and what it leaves behind; and what the trajectory and convergence rungs make of traces."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from itertools import chain, combinations
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from harness.data import Dataset
from harness.outcome import EXIT_CODES, exit_code, in_one_line
from harness.parity import convergence, trajectory
from harness.parity.context import Context
from harness.parity.verdict import Status, Verdict
from harness.plan import digest_arrays, draw_plan
from harness.results.store import Store, run_folder, write_parquet
from harness.results.trace import EpochRecord, Trace
from harness.spec import Arm, Experiment
from harness.worker.failure import Failure

Build = Callable[..., Experiment]
FAILED_AS = {"crashed": "timeout", "unverified": "missing_device"}
FAILED_AS |= {status: status for status in ("unsupported", "interrupted")}
STEP_COLUMNS = ["step", "epoch", "learning_rate", "loss"]
EPOCH_COLUMNS = ["epoch", "train_loss", "test_loss", "test_accuracy", "samples_scored", "epoch_time_s"]
VERDICT_COLUMNS = [
    *("rung", "subject", "arm_a", "arm_b", "status", "worst_ulp", "worst_index", "value_a", "value_b"),
    *("value_reference", "nearer", "tolerance", "error_over_tolerance", "tolerance_source", "cause"),
]


def arm(name: str, precision: Any = "float32") -> Arm:
    return Arm(name=name, adapter="reference", mode="numpy", precision=precision)


def failure(status: str) -> Failure:
    return Failure(symptom=FAILED_AS[status], stage="training", message="as it happened")


def epoch(number: int, losses: Any, accuracy: float = 0.5, scored: int = 1000, time_s: float = 2.0) -> EpochRecord:
    return EpochRecord(
        epoch=number,
        losses=tuple(losses),
        epoch_time_s=time_s,
        samples=10 * len(losses),
        test_loss=0.7,
        test_accuracy=accuracy,
        samples_scored=scored,
        peak_rss_bytes=1000 + number,
    )


def trace(name: str = "one", status: str = "complete", accuracy: float = 0.5, epochs: int = 1, **changed: Any) -> Trace:
    failed = failure(status) if status in FAILED_AS else None
    records = tuple(epoch(number, (1.0, 0.5), accuracy, **changed) for number in range(epochs))
    return Trace(arm=arm(name), failure=failed, finished=status == "complete", epochs=records)


def verdict(status: str = "agrees", rung: str = "model") -> Verdict:
    said = {"subject": "logits", "arm_a": "one", "arm_b": "other", "worst_index": "[3]", "cause": "off"}
    return Verdict(rung=rung, status=status, **said)


def subsets(of: Sequence[str]) -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(of, size) for size in range(len(of) + 1)))


# --- Outcome ---------------------------------------------------------------------------------------------------------


def test_exit_code_of_every_combination() -> None:
    gravity = {"interrupted": 130, "crashed": 3, "diverges": 1, "unverified": 4}
    said = get_args(Status)
    of_traces = ("complete", "recorded", *FAILED_AS)
    assert {trace(status=status).status for status in of_traces} == set(of_traces)
    for statuses in subsets(said):
        for others in subsets(of_traces):
            expected = next((code for status, code in gravity.items() if status in (*statuses, *others)), 0)
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
            "DIVERGES first at rung step, logits at [3]: off",
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
    assert in_one_line([nowhere], []) == "DIVERGES first at rung model, logits: off"


@pytest.mark.parametrize(
    "traces", [[trace(), trace("other", "unsupported", epochs=0)], [trace("other", "unsupported")]]
)
def test_what_is_unsupported_does_not_agree(traces: list[Trace]) -> None:
    # An arm that says so is no fault of the run; but nothing was compared with it, and the line must not claim it.
    verdicts = [verdict("unsupported", "start")]
    assert exit_code(verdicts, traces) == 0
    line = in_one_line(verdicts, traces)
    assert not line.startswith("AGREES")
    assert "other: unsupported at training: as it happened" in line


# --- Store -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(experiment_of: Build, tmp_path: Path) -> Store:
    experiment = experiment_of()
    return Store.create(tmp_path / "run", experiment, draw_plan(experiment, 40), "noise", "abc")


def test_a_run_says_what_it_is_of(store: Store, experiment_of: Build) -> None:
    experiment = experiment_of()
    assert Experiment.model_validate_json((store.folder / "experiment.json").read_text()) == experiment
    assert json.loads((store.folder / "plan.json").read_text()) == {
        **{"digest": draw_plan(experiment, 40).digest, "seed": 3, "epochs": 4, "steps": 16, "batch_size": 10},
        **{"parameters": 7850, "multiply_adds": 7840, "data": "noise", "data_digest": "abc"},
    }
    folder = run_folder(Path("results"), experiment, "0123456789abcdef")
    assert folder.parent == Path("results/small")
    assert pd.to_datetime(folder.name, format="%Y%m%dT%H%M%SZ-01234567") is not None


def test_every_table_and_its_columns(store: Store) -> None:
    full = Trace(
        arm=arm("one"),
        finished=True,
        compile_time_s=1.5,
        learning_rates=(0.1, 0.2, 0.3, 0.4, 0.5),
        epochs=(
            epoch(0, (1.0, 0.5), 0.6, time_s=9.0),
            epoch(1, (0.25, math.nan), 0.7, time_s=4.0),
            epoch(2, (0.125,), 0.8),
        ),
    )
    store.write_trace(full)
    store.write_verdicts([verdict(), verdict("diverges").model_copy(update={"worst_ulp": math.inf, "value_a": 2.0})])
    store.write_summary([full, trace("other", "crashed", epochs=0)])

    steps = pd.read_parquet(store.folder / "arms/one/steps.parquet")
    assert list(steps.columns) == STEP_COLUMNS
    assert steps["step"].tolist() == [0, 1, 2, 3, 4]
    assert steps["epoch"].tolist() == [0, 0, 1, 1, 2]
    assert steps["learning_rate"].tolist() == [0.1, 0.2, 0.3, 0.4, 0.5]
    np.testing.assert_array_equal(steps["loss"], [1.0, 0.5, 0.25, math.nan, 0.125])
    epochs = pd.read_parquet(store.folder / "arms/one/epochs.parquet")
    assert list(epochs.columns) == EPOCH_COLUMNS
    np.testing.assert_array_equal(epochs["train_loss"], [0.75, math.nan, 0.125])
    assert epochs["test_accuracy"].tolist() == [0.6, 0.7, 0.8]
    verdicts = pd.read_parquet(store.folder / "verdicts.parquet")
    assert sorted(verdicts.columns) == sorted(VERDICT_COLUMNS)
    assert verdicts["status"].tolist() == ["agrees", "diverges"]
    assert verdicts["worst_ulp"].tolist()[1] == math.inf
    first, second = pd.read_parquet(store.folder / "summary.parquet").to_dict("records")
    expected = {
        "arm": "one",
        "status": "complete",
        "test_accuracy": 0.8,
        "test_loss": 0.7,
        "train_loss": 0.125,
        "steps": 5,
    }
    # The first epoch, which warms up, is no measure: 2 s a step in the second, 2 s in the third.
    expected |= {"compile_time_s": 1.5, "step_time_s": 2.0, "samples_per_s": 5.0, "train_time_s": 15.0}
    assert {key: first[key] for key in expected} == expected
    assert (first["peak_rss_bytes"], first["samples_scored"]) == (1002, 1000)
    assert (second["arm"], second["status"], second["failure"]) == ("other", "crashed", str(failure("crashed")))
    assert pd.isna(second["test_accuracy"])
    assert pd.isna(second["step_time_s"])
    assert list(store.folder.rglob("*.partial")) == []


def test_tables_without_rows_keep_their_columns(store: Store) -> None:
    nothing = Trace(arm=arm("one"))
    store.write_trace(nothing)
    store.write_verdicts([])
    store.write_summary([nothing])
    for name, columns in {
        "arms/one/steps.parquet": STEP_COLUMNS,
        "arms/one/epochs.parquet": EPOCH_COLUMNS,
        "verdicts.parquet": VERDICT_COLUMNS,
    }.items():
        table = pd.read_parquet(store.folder / name)
        assert (sorted(table.columns), len(table)) == (sorted(columns), 0)
    (row,) = pd.read_parquet(store.folder / "summary.parquet").to_dict("records")
    assert (row["status"], row["epochs"], row["steps"]) == ("recorded", 0, 0)


def test_rates_that_never_came_are_missing(store: Store) -> None:
    store.write_trace(trace().model_copy(update={"learning_rates": (0.1,)}))
    assert pd.read_parquet(store.folder / "arms/one/steps.parquet")["learning_rate"].isna().tolist() == [False, True]


def test_a_trace_in_json_is_json_even_where_a_loss_is_no_number(store: Store) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    lost = epoch(0, (1.0, math.nan)).model_copy(update={"test_loss": math.inf})
    store.write_trace(trace().model_copy(update={"epochs": (lost,)}))
    record = json.loads((store.folder / "arms/one/trace.json").read_text(), parse_constant=refuse)
    assert record["summary"]["test_accuracy"] == 0.5


def test_a_table_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_short(self: pd.DataFrame, path: Path, **_: Any) -> None:
        path.write_bytes(b"half a table")
        raise OSError("the disk is full")

    path = tmp_path / "table.parquet"
    write_parquet(path, [{"a": 1}], ["a"])
    monkeypatch.setattr(pd.DataFrame, "to_parquet", cut_short)
    for target in (path, tmp_path / "new.parquet"):
        with pytest.raises(OSError, match="full"):
            write_parquet(target, [{"a": 2}], ["a"])
    assert pd.read_parquet(path)["a"].tolist() == [1]
    assert not (tmp_path / "new.parquet").exists()


# --- Convergence -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("margin", "apart", "status"),
    [
        (0.003, 0, "agrees"),
        (0.003, 2, "agrees"),
        (0.003, 3, "agrees"),  # the margin itself, though 0.903 - 0.9 is above 0.003 in float64
        (0.003, 4, "diverges"),
        (0.0035, 3, "agrees"),
        (0.0036, 4, "diverges"),
        (0.5, 499, "agrees"),
    ],
)
def test_convergence_is_within_the_margin(experiment_of: Build, margin: float, apart: int, status: str) -> None:
    experiment = experiment_of(comparison={"accuracy_margin": margin})
    one, other = trace("one", accuracy=0.9, epochs=2), trace("other", accuracy=(900 - apart) / 1000, epochs=2)
    for a, b in ((one, other), (other, one)):
        (found,) = convergence.judge_traces(experiment, [a, b])
        assert (found.status, found.arm_a, found.arm_b) == (status, a.arm.name, b.arm.name)
        assert (found.value_a, found.value_b) == (a.epochs[-1].test_accuracy, b.epochs[-1].test_accuracy)
        assert (found.tolerance, found.worst_index) == (margin, "after epoch 1")
        assert bool(found.cause) == (status == "diverges")


def test_convergence_is_of_finished_trainings_scored_alike(experiment_of: Build) -> None:
    found = convergence.judge_traces(experiment_of(), [trace("a"), trace("b", scored=999)])
    assert [(each.status, each.cause) for each in found] == [
        ("diverges", "the arms scored different numbers of samples")
    ]
    for status in FAILED_AS:
        assert convergence.judge_traces(experiment_of(), [trace("a"), trace("b", status)]) == []
    three = [trace("a"), trace("b", "recorded"), trace("c", accuracy=0.4)]
    assert [(v.arm_a, v.arm_b, v.status) for v in convergence.judge_traces(experiment_of(), three)] == [
        ("a", "c", "diverges")
    ]


# --- Trajectory ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def context(experiment_of: Build, noise: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """Four epochs of four steps, the first ten of which are judged in float32."""
    experiment = experiment_of(comparison={"free_steps": 10})
    return Context(experiment, draw_plan(experiment, len(noise.x_train)), noise, tmp_path_factory.mktemp("scratch"))


def curve(
    context: Context, name: str, steps: int = 16, failed: str = "", precision: Any = "float32", **off: float
) -> Trace:
    """What the reference itself would record; `step_5=0.1` puts 0.1 on the loss of step 5."""
    mine = arm(name, precision)
    adapter = context.oracle if precision == "float64" else context.in_float32(mine)
    losses = [float(loss) for loss in trajectory.free_run(context, adapter, 16)] + [0.5] * 4
    for at, much in off.items():
        losses[int(at.removeprefix("step_"))] += much
    records = tuple(epoch(start // 4, losses[start : min(start + 4, steps)]) for start in range(0, steps, 4))
    return Trace(
        arm=mine,
        epochs=records,
        finished=not failed,
        failure=failure(failed) if failed else None,
        plan_digest=context.plan.digest,
        initial_weights_digest=digest_arrays({k: w.astype(precision) for k, w in context.plan.weights.items()}),
    )


def test_whole_curves_agree(context: Context) -> None:
    (found,) = trajectory.judge_traces(context, [curve(context, "a"), curve(context, "b")])
    assert (found.status, found.subject, found.cause) == ("agrees", "train_loss, steps 0 to 9", "")
    (alone,) = trajectory.judge_traces(context, [curve(context, "a")])
    assert (alone.status, alone.arm_b) == ("agrees", "reference")
    assert trajectory.judge_traces(context, [Trace(arm=arm("a")), Trace(arm=arm("b"))]) == []


@pytest.mark.parametrize("much", [1e-3, -1e-3, math.nan, math.inf])
def test_one_step_off_diverges(context: Context, much: float) -> None:
    (found,) = trajectory.judge_traces(context, [curve(context, "a"), curve(context, "b", step_7=much)])
    assert (found.status, found.worst_index, found.nearer) == ("diverges", "step 7", "a")


@pytest.mark.parametrize("steps", [4, 12])
@pytest.mark.parametrize(("failed", "status"), [*((each, each) for each in FAILED_AS), ("", "crashed")])
def test_a_curve_that_was_cut_off_never_agrees(context: Context, failed: str, status: str, steps: int) -> None:
    whole, cut = curve(context, "a"), curve(context, "b", steps, failed)
    for pair in ([whole, cut], [cut, whole], [cut]):
        (found,) = trajectory.judge_traces(context, pair)
        assert (found.status, found.cause) == (status, f"b recorded {steps} of 16 steps")
        assert found.subject == f"train_loss, steps 0 to {min(steps, 10) - 1}"
    off = curve(context, "b", steps, failed, step_2=1e-3)
    assert trajectory.judge_traces(context, [whole, off])[0].status == "diverges"


def test_a_curve_that_is_too_long_never_agrees(context: Context) -> None:
    (found,) = trajectory.judge_traces(context, [curve(context, "a"), curve(context, "b", 20)])
    assert found.status != "agrees"
    assert "b recorded 20 of 16 steps" in found.cause


def test_a_third_curve_that_was_cut_off_does_not_shorten_the_others(context: Context) -> None:
    traces = [curve(context, "a"), curve(context, "b", step_7=1e-3), curve(context, "c", 4, "crashed")]
    found = {(each.arm_a, each.arm_b): each for each in trajectory.judge_traces(context, traces)}
    assert {pair: each.status for pair, each in found.items()} == {
        ("a", "b"): "diverges",
        ("a", "c"): "crashed",
        ("b", "c"): "crashed",
    }
    assert (found["a", "b"].subject, found["a", "b"].worst_index) == ("train_loss, steps 0 to 9", "step 7")


def test_curves_of_another_plan_are_not_compared(context: Context) -> None:
    mine, other = curve(context, "a"), curve(context, "b")
    for changed in (
        {"plan_digest": "f" * 64},
        {"initial_weights_digest": ""},
        {"plan_digest": "", "initial_weights_digest": "0"},
    ):
        stranger = other.model_copy(update=changed)
        found = trajectory.judge_traces(context, [mine, stranger])
        assert [(each.arm_a, each.status) for each in found] == [("b", "diverges")] * len(changed)
        assert all(each.cause.endswith("was sent") for each in found)


@pytest.mark.parametrize(("share", "status"), [(0.9, "agrees"), (1.1, "diverges")])
def test_two_float64_curves_are_held_to_the_strict_bound(context: Context, share: float, status: str) -> None:
    # Past the steps that are judged against the reference, so that only the strict verdict can see it.
    a = curve(context, "a", precision="float64")
    b = curve(context, "b", precision="float64", step_14=share * 1e-10 * a.losses[14])
    exact, free = trajectory.judge_traces(context, [a, b])
    assert (exact.status, exact.subject, exact.worst_index) == (
        status,
        "train_loss in float64, steps 0 to 15",
        "step 14",
    )
    assert (exact.value_reference, exact.nearer) == (None, "")
    assert exact.error_over_tolerance == pytest.approx(share, rel=1e-4)  # the losses are rounded at 1e-6 of the bound
    assert free.status == "agrees"
    cut = curve(context, "b", 12, "interrupted", "float64")
    assert [each.status for each in trajectory.judge_traces(context, [a, cut])] == ["interrupted"] * 2
    mixed = trajectory.judge_traces(context, [a, curve(context, "b")])
    assert [each.subject for each in mixed] == ["train_loss, steps 0 to 9"]
    assert np.isfinite(mixed[0].error_over_tolerance or math.nan)
