"""A reference that is exact by cancellation is no measure: its tolerance has a floor at the size of the terms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from in_process import answers_to, context_of

from adapters.reference import cancellation
from adapters.reference.ensemble import disturbed
from harness.judging.context import Answer
from harness.judging.remainders import InFloat32, in_float32, one_run, signs_of_draws
from harness.judging.tolerances import FACTOR, MANY_RUNS, Tolerance
from harness.records.verdict import Verdict

EPS = float(np.finfo(np.float32).eps)
DENSE = {"kind": "dense", "kernel_initializer": "xavier_uniform"}
STATED: dict[str, Any] = {
    "data": {"kind": "polynomial", "train_size": 9, "test_size": 4},
    "loss": "mean_squared_error",
    "optimizer": "sgd",
    "schedule": {"kind": "constant", "rate": 0.1},
    "comparison": {"forced_steps": 3, "free_steps": 6},
}
ONE_SAMPLE = {
    **STATED,
    "model": {"input": {"shape": [1]}, "layers": [{**DENSE, "units": 4}, "batch_norm", {**DENSE, "units": 1}]},
    "training": {"epochs": 2, "batch_size": 1},
}
ONE_FEATURE = {
    **STATED,
    "model": {"input": {"shape": [1]}, "layers": [{**DENSE, "units": 1}, "layer_norm", {**DENSE, "units": 1}]},
    "training": {"epochs": 2, "batch_size": 3},
}
ORDINARY = {**ONE_SAMPLE, "training": {"epochs": 2, "batch_size": 3}}


def _compute(seen: list[int] | None = None) -> dict[str, Any]:
    term = np.full((1, 3), 8.0, np.float32)
    return {"cancelled": cancellation.remainder(term - term, term, 0), "other": np.ones(2, np.float32)}


def test_a_run_in_which_terms_cancel_is_repeated_with_a_remainder_of_either_sign() -> None:
    run = one_run(_compute)
    assert [np.unique(values["cancelled"]).tolist() for values in run.remainders] == [[8 * EPS], [-8 * EPS]]
    assert np.all(run.values["cancelled"] == 0)
    assert one_run(lambda: {"other": np.ones(2)}).remainders == ()


def test_the_floor_is_the_remainder_of_each_tensor_by_itself() -> None:
    reference = {"cancelled": np.zeros((1, 3)), "other": np.ones(2)}
    run = in_float32(reference, [_compute])
    narrow = {name: Tolerance(np.full(values.shape, 1e-12), "narrow") for name, values in reference.items()}
    floored = run.floored(narrow, reference, np.float32)
    assert np.all(floored["cancelled"].bound == FACTOR * 8 * EPS)
    assert "terms that cancel" in floored["cancelled"].source
    assert floored["other"] is narrow["other"]
    double = run.floored(narrow, reference, np.float64)["cancelled"].bound
    np.testing.assert_allclose(double, np.maximum(1e-12, FACTOR * 8 * float(np.finfo(np.float64).eps)))


def test_the_floor_is_where_the_remainder_is_if_errors_are_reduced_by_rows() -> None:
    reference = {"rows": np.zeros((2, 3))}
    run = InFloat32(reference, ({"rows": np.array([[0, 8 * EPS, 0], [0, 0, 0]])},))
    narrow = {"rows": Tolerance(np.full((2, 1), 1e-12), "narrow")}
    by_rows = run.floored(narrow, reference, np.float32, lambda error: error.max(axis=1, keepdims=True))
    assert by_rows["rows"].bound.tolist() == [[FACTOR * 8 * EPS], [1e-12]]


def test_a_wider_tolerance_stays() -> None:
    wide = {"cancelled": Tolerance(np.asarray(1.0), "wide")}
    assert one_run(_compute).floored(wide, {"cancelled": np.zeros((1, 3))}, np.float32) == wide


def test_the_first_draw_is_undisturbed_and_both_signs_follow() -> None:
    assert signs_of_draws(4) == (0.0, 1.0, -1.0, 1.0)


@pytest.mark.parametrize(("stated", "rung"), [(ONE_SAMPLE, "step"), (ONE_FEATURE, "step"), (ONE_FEATURE, "layer")])
def test_the_rounding_of_the_terms_agrees_and_ten_times_as_much_diverges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stated: dict[str, Any], rung: str
) -> None:
    # An arm that rounds as Keras does: it leaves up to a unit in the last place of the terms.
    context = context_of(stated, tmp_path, {"one": {}})
    question, exact = answers_to(context, rung)
    with cancellation.leaving(1.0) as remainders:
        _, rounding = answers_to(context, rung)
    assert remainders.cancelled
    assert _statuses(question.judge(context, rounding)) == {"agrees"}

    def twentyfold(name: str) -> Any:
        a, b = (answers["one"].arrays[name] for answers in (exact, rounding))
        return (a + 20 * (b.astype(np.float64) - a)).astype(np.float32)

    far = {name: twentyfold(name) for name in exact["one"].arrays}
    answer = Answer(exact["one"].arm, exact["one"].result, far)
    assert "diverges" in _statuses(question.judge(context, {"one": answer}))

    # Without the floor the arm is accused.
    monkeypatch.setattr(InFloat32, "floored", lambda self, tolerances, *_: dict(tolerances))
    monkeypatch.setattr("harness.judging.remainders.one_run", lambda compute, seed: InFloat32(compute()))
    fresh = context_of(stated, tmp_path, {"one": {}})
    assert "diverges" in _statuses(question.judge(fresh, rounding))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("stated", [ONE_SAMPLE, ONE_FEATURE])
def test_a_free_run_that_rounds_otherwise_is_within_the_envelope(
    tmp_path: Path, stated: dict[str, Any], optimizer: str
) -> None:
    context = context_of({**stated, "optimizer": optimizer}, tmp_path, {"one": {}})
    for sign in (1.0, -1.0):
        with cancellation.leaving(sign):
            question, answers = answers_to(context, "trajectory")
        with np.errstate(all="ignore"):
            assert _statuses(question.judge(context, answers)) == {"agrees"}


def test_the_certificates_of_ordinary_inputs_do_not_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def certificates() -> list[float | None]:
        context = context_of(ORDINARY, tmp_path, {"one": {}})
        found = []
        for rung in ("layer", "model", "step"):
            question, answers = answers_to(context, rung)
            found += [verdict.detects for verdict in question.judge(context, answers)]
        return found

    with_floor = certificates()
    monkeypatch.setattr(cancellation, "remainder", lambda difference, term, axis: difference)
    monkeypatch.setattr("adapters.reference.layers.normalisation.remainder", lambda d, term, axis: d)
    assert certificates() == with_floor
    assert len([detects for detects in with_floor if detects is not None and detects < 1e-4]) > 5


def _statuses(verdicts: list[Verdict]) -> set[str]:
    return {verdict.status for verdict in verdicts}


def test_the_loss_of_a_single_sample_is_measured_by_several_runs(tmp_path: Path) -> None:
    stated = {**ONE_SAMPLE, "loss": "log_cosh", "data": {"kind": "polynomial", "train_size": 9, "test_size": 4}}
    stated |= {"model": {"input": {"shape": [1]}, "layers": [{**DENSE, "units": 4}, {**DENSE, "units": 1}]}}
    context = context_of(stated, tmp_path, {"one": {}})
    (batch,) = context.batches(1)
    exact = context._sample_losses(context.oracle, context.plan.weights, batch)["losses"]
    (arm,) = context.stated.arms
    native = context.in_float32(arm)
    errors = [
        float(np.max(np.abs(context._sample_losses(native, weights, batch)["losses"] - exact)))
        for weights in (disturbed(context.plan.weights, seed) for seed in range(MANY_RUNS))
    ]
    assert len(set(errors)) > 1
    assert context.sample_loss_error(arm) == max(errors)
