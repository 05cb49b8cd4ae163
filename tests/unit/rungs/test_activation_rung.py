"""The rung of activations: what its grid holds, what its tolerances forgive, and what they do not."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import adapters
from harness.judging.cases import Case, answer
from harness.judging.judge import Claim, judge
from harness.judging.remainders import one_run
from harness.rungs import activation
from harness.spec import activations as spec
from harness.spec.arm import Arm
from harness.spec.vocabulary import specimens

TINY = float(np.finfo(np.float32).tiny)
CONTEXT = SimpleNamespace(stated=SimpleNamespace(words=lambda: (), vocabulary=("activation",)))
CASES = list(activation.cases(CONTEXT))  # type: ignore[arg-type]


def adapter(precision: Any) -> Any:
    arm = Arm(name="reference", adapter="reference", mode="numpy", precision=precision, realisation="exact")
    return adapters.load(arm)


def case_of(word: spec.Activation) -> Case:
    context = SimpleNamespace(stated=SimpleNamespace(words=lambda: (word,), vocabulary=()))
    return next(iter(activation.cases(context)))  # type: ignore[arg-type]


def answers(case: Case, precision: Any) -> Any:
    return answer(adapter(precision), case.call, case.given, case.arrays)


def status(case: Case, name: str, claimed: Any, precision: Any = np.float32) -> str:
    exact = {key: np.asarray(value, np.float64) for key, value in answers(case, "float64").items()}
    run = one_run(lambda: answers(case, "float32"))
    bounds = activation.tolerances(case, exact, run.values, precision)
    bounds = run.floored(bounds, exact, precision, partial(activation.nearby, case))
    return judge(
        "activation", case.subject, exact[name], Claim("arm", claimed, bounds[name], precision), None, str
    ).status


def test_the_grid_is_sorted_finite_and_has_the_special_points() -> None:
    grid = activation.grid()
    assert grid.dtype == np.float32
    assert np.isfinite(grid).all()
    assert (np.diff(grid) >= 0).all()
    held = set(grid.tolist())
    assert {0.0, -3.0, -1.0, 1.0, 3.0, 6.0, 1e4, -1e4, TINY, -TINY} <= held
    assert sum(0 < abs(x) < TINY for x in grid.tolist()) >= 4
    assert np.signbit(grid[grid == 0]).tolist().count(True) >= 1
    for kink in activation.KINKS:  # a neighbour on either side
        near = grid[(np.abs(grid - kink) < 1e-5) & (grid != kink)]
        assert near.min() < kink < near.max()
    inside = grid[np.abs(grid) <= 12]
    assert np.diff(inside).max() < 0.026


def test_there_is_a_case_for_every_activation_and_rrelu_has_two() -> None:
    assert {case.word for case in CASES} == set(specimens("activation"))
    assert len({case.subject for case in CASES}) == len(CASES)
    rrelu = [case for case in CASES if isinstance(case.word, spec.Rrelu)]
    assert [("extra/slopes" in case.arrays) for case in rrelu] == [False, True]
    assert all("extra/alpha" in case.arrays for case in CASES if isinstance(case.word, spec.Prelu))
    for case in CASES:
        x, upstream = case.arrays["x"], case.arrays["upstream"]
        denormal = (x != 0) & (np.abs(x) < TINY)
        assert (upstream[denormal] == 0).all()
        assert np.abs(upstream[~denormal]).min() >= 0.5


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.subject)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_reference_is_within_its_own_tolerance(case: Case, precision: Any) -> None:
    for name, claimed in answers(case, precision).items():
        assert status(case, name, claimed, np.dtype(precision).type) == "agrees"


@pytest.mark.parametrize(
    ("word", "x", "slope"),
    [
        (spec.Relu(), 0.0, 0.5),
        (spec.Relu6(), 6.0, 0.0),
        (spec.LeakyRelu(), 0.0, 0.505),
        (spec.Prelu(), 0.0, 0.0),
        (spec.Celu(), 0.0, 2.0),
        (spec.HardTanh(), 1.0, 0.5),
        (spec.HardSigmoid(), 3.0, 1 / 6),
        (spec.HardSwish(), -3.0, 0.0),
    ],
    ids=lambda each: each.kind if isinstance(each, spec.Activation) else "",
)
def test_another_gradient_at_a_kink_diverges(word: spec.Activation, x: float, slope: float) -> None:
    case = case_of(word)
    claimed = np.array(answers(case, "float32")["gradient"])
    assert status(case, "gradient", claimed) == "agrees"
    at = case.arrays["x"] == x
    claimed[at] = slope * case.arrays["upstream"][at]
    assert status(case, "gradient", claimed) == "diverges"


def test_small_numbers_count() -> None:
    for word in (spec.Linear(), spec.Relu(), spec.Tanh(), spec.Softsign(), spec.Silu()):
        case = case_of(word)
        claimed = np.array(answers(case, "float32")["value"])
        claimed[np.abs(case.arrays["x"]) < 1e-20] = 0
        assert status(case, "value", claimed) == "diverges", word


def test_a_flushed_denormal_is_forgiven() -> None:
    for case in CASES:
        claimed = np.array(answers(case, "float32")["value"])
        claimed[np.abs(claimed) < TINY] = 0
        assert status(case, "value", claimed) == "agrees", case.subject


@pytest.mark.parametrize("word", [spec.Tanh(), spec.Sigmoid(), spec.Gelu(), spec.Mish(), spec.Elu()], ids=str)
def test_an_error_of_a_hundred_units_diverges(word: spec.Activation) -> None:
    case = case_of(word)
    eps = float(np.finfo(np.float32).eps)
    for name in ("value", "gradient"):
        right = answers(case, "float64")[name]
        assert status(case, name, (right * (1 + 100 * eps)).astype(np.float32)) == "diverges"


def test_the_other_gelu_diverges() -> None:
    erf, tanh = case_of(spec.Gelu(form="erf")), case_of(spec.Gelu(form="tanh"))
    assert status(erf, "value", answers(tanh, "float32")["value"]) == "diverges"
    assert status(tanh, "gradient", answers(erf, "float32")["gradient"]) == "diverges"
