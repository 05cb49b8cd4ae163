"""Both frameworks' activations against published digits and the reference, their initializers against their laws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import raw_mindspore
import word_answers

import adapters
from harness.judging.cases import Case, answer
from harness.judging.judge import Claim, judge
from harness.judging.ulp import error_against
from harness.ledger import entries_for
from harness.ledger.loading import installed
from harness.rungs import activation, initializer
from harness.spec import activations as spec
from harness.spec.arm import Arm
from harness.spec.vocabulary import specimens

INF, NAN = float("inf"), float("nan")
FRAMEWORKS = ("mindspore", "tensorflow")


def arm(framework: str, mode: str, precision: Any) -> Arm:
    return Arm(name=f"{mode}-{precision}", adapter=framework, mode=mode, precision=precision)


# A mode for each precision: the command checks the others.
ARMS = {
    "mindspore": [arm("mindspore", "jit", "float32"), arm("mindspore", "pynative", "float64")],
    "tensorflow": [arm("tensorflow", "graph", "float32"), arm("tensorflow", "xla", "float64")],
}
# With as many digits as were printed.
PUBLISHED: list[tuple[spec.Activation, list[float], list[str]]] = [
    (spec.Sigmoid(), [1.0, 2.0, 3.0], ["0.7310586", "0.880797", "0.9525741"]),
    (spec.LeakyRelu(slope=0.2), [-2.0, 0.0, -0.0, 3.0], ["-0.4", "0", "0", "3"]),
    (spec.Softmax(), [4.0, 5.0, 1.0], ["0.2653879", "0.7213992", "0.0132129"]),
    (spec.Tanh(), [-INF, INF], ["-1", "1"]),
]
# What passes NaN on in both frameworks.
PASSES_NAN = [
    spec.Linear(),
    spec.Sigmoid(),
    spec.Tanh(),
    spec.LeakyRelu(),
    spec.Silu(),
    spec.Gelu(),
    spec.ExponentialActivation(),
]
ASKED = SimpleNamespace(words=lambda: (), vocabulary=("activation", "initializer"))
WORDS = SimpleNamespace(experiment=ASKED, stated=ASKED)
CASES = list(activation.cases(WORDS))  # type: ignore[arg-type]
INITIALIZERS = specimens("initializer")

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def asked(in_mindspore: Ask, in_tensorflow: Ask) -> dict[str, Ask]:
    return {"mindspore": in_mindspore, "tensorflow": in_tensorflow}


def reference(precision: Any) -> Any:
    arm = Arm(name="reference", adapter="reference", mode="numpy", precision=precision, realisation="exact")
    return adapters.load(arm)


def oracle(case: Case) -> dict[str, Any]:
    found = answer(reference("float64"), case.call, case.given, case.arrays)
    return {name: np.asarray(value, np.float64) for name, value in found.items()}


@pytest.fixture(scope="module")
def right() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """For each case the reference's answer in float64 and in float32."""
    return [(oracle(case), answer(reference("float32"), case.call, case.given, case.arrays)) for case in CASES]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_published_digits(asked: dict[str, Ask], framework: str) -> None:
    found = asked[framework](word_answers.values, ARMS[framework], [(word, x) for word, x, _ in PUBLISHED])
    for arm in ARMS[framework]:
        for (word, x, printed), values in zip(PUBLISHED, found[arm.name], strict=True):
            bounds = tolerance(arm, word, x) + excused(arm, word, np.ones(len(x)))
            for value, digits, bound in zip(values, printed, bounds, strict=True):
                half = 0.5 * 10.0 ** -len(digits.partition(".")[2])
                assert abs(value - float(digits)) <= half + bound, (arm.name, word.kind, digits)


def tolerance(arm: Arm, word: spec.Activation, x: list[float]) -> Any:
    """How far off a right answer may be in the arm's precision."""
    case = Case(word, word, {"x": np.array([x]), "upstream": np.ones((1, len(x)))})
    in_float32 = answer(reference("float32"), case.call, case.given, case.arrays)
    bound = activation.tolerances(case, oracle(case), in_float32, np.dtype(arm.precision).type)["value"].bound
    return np.broadcast_to(bound, (1, len(x)))[0]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_nan_stays_nan(asked: dict[str, Ask], framework: str) -> None:
    found = asked[framework](word_answers.values, ARMS[framework], [(word, [NAN, 1.0]) for word in PASSES_NAN])
    for values in found.values():
        assert [np.isnan(each).tolist() for each in values] == [[True, False]] * len(PASSES_NAN)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_activation_on_the_grid(asked: dict[str, Ask], framework: str, right: Any) -> None:
    found = asked[framework](word_answers.to_cases, ARMS[framework], CASES)
    wrong = [
        each
        for arm in ARMS[framework]
        for case, (exact, in_float32), answered in zip(CASES, right, found[arm.name], strict=True)
        for each in off(arm, case, exact, in_float32, answered)
    ]
    assert not wrong, "\n".join(wrong)


def off(arm: Arm, case: Case, exact: Any, in_float32: Any, answered: Any) -> Iterator[str]:
    """What is further off than a right answer may be, or than the ledger says."""
    precision = np.dtype(arm.precision).type
    bounds = activation.tolerances(case, exact, in_float32, precision)
    for name, wanted in exact.items():
        assert answered[name].dtype == precision, (arm.name, case.subject, name)
        claim = Claim(arm.name, answered[name], bounds[name], precision)
        verdict = judge("activation", case.subject, wanted, claim, None, str)
        if verdict.status == "agrees":
            continue
        beyond = error_against(answered[name], wanted) > excused(arm, case.word, wanted)
        if beyond.any():
            yield f"{arm.name}: {case.subject} {name}: {verdict.cause}"


def excused(arm: Arm, word: Any, wanted: Any) -> Any:
    """The bound of an inaccurate class, by the ledger; 0 where it has none."""
    entries = entries_for(arm.adapter, installed(arm.adapter), word.family, word.word(), arm.precision)
    known = [each for each in entries if each.bound and each.holds_in(arm.precision, arm.mode, "cpu")]
    size = np.where(np.isfinite(wanted), np.abs(wanted), 0)
    return sum(
        each.bound * (size if each.measure == "relative" else np.ones_like(size)) for each in known if each.bound
    )


@pytest.mark.nightly
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_initializers_draw_from_their_laws(asked: dict[str, Ask], framework: str) -> None:
    shape, seed = initializer.SHAPE, initializer.SEED
    found = asked[framework](word_answers.samples, ARMS[framework], INITIALIZERS, shape, seed)
    for arm in ARMS[framework]:
        precision = np.dtype(arm.precision).type
        for word, sample in zip(INITIALIZERS, found[arm.name], strict=True):
            verdict = initializer.judge_sample(word, sample, arm.name, precision)
            assert (verdict.status, sample.dtype) == ("agrees", precision), (arm.name, verdict)


def test_softmax_over_one_element_never_reaches_the_native_gradient(asked: dict[str, Ask]) -> None:
    """Begun there, it would be wrong in the whole process (the ledger's entry has the evidence)."""
    value, gradient, native_calls = asked["mindspore"](raw_mindspore.softmax_over_one_element)
    assert native_calls == 0
    np.testing.assert_array_equal(value, np.ones((3, 1)))
    np.testing.assert_array_equal(gradient, np.zeros((3, 1)))
