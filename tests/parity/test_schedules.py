"""Every form in which a framework offers a schedule, run in every execution mode, against the float64 reference."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import raw_mindspore
import raw_tensorflow
import schedule_specs
from residents import Resident
from rungs import EXPERIMENT

import adapters
from adapters.reference.schedules import oracle
from adapters.setting import Setting
from harness.judging.tolerances import Tolerance
from harness.report.ledger_table import find
from harness.rungs.schedule import rate_tolerance
from harness.rungs.tasks import TASKS
from harness.spec import schedules as spec
from harness.spec.arm import Arm
from harness.system.array_files import save_arrays

SHIPPED, DRAWN = schedule_specs.shipped(), schedule_specs.drawn()
ARMS = (
    Arm(name="mindspore", adapter="mindspore", mode="jit"),
    Arm(name="tensorflow", adapter="tensorflow", mode="graph"),
    Arm(name="tensorflow_eager", adapter="tensorflow", mode="eager"),
    Arm(name="tensorflow_xla", adapter="tensorflow", mode="xla"),
)
# No schedule above ends later than 2,500; far steps show that what is past the end stays as it is.
STEPS = np.unique([*range(2600), 4095, 4096, 9999, 10_000, 10_001])
LAST = 31  # of the stateful schedulers of MindSpore
COMPILED = ("tensorflow", "tensorflow_xla")


@dataclass(frozen=True)
class Form:
    name: str
    used: bool
    differs: str
    by: dict[str, str]
    rates: Any


# Where Keras' classes are known to part from their formula; the numbers are those of the tests at the end.
PUBLISHED_EXPONENTIAL = spec.Exponential(initial_rate=0.5, decay_rate=0.9, decay_steps=10)
PUBLISHED_STAIRCASE = PUBLISHED_EXPONENTIAL.model_copy(update={"staircase": True})
PUBLISHED_PIECES = spec.PiecewiseConstant(
    boundaries=(100, 200, 300), values=(0.1, 0.05, 0.025, 0.001), boundary="inclusive"
)
PUBLISHED_MINDSPORE = spec.Exponential(initial_rate=0.1, decay_rate=0.9, decay_steps=2, staircase=True)
LATE = spec.Exponential(initial_rate=0.5, decay_rate=0.5, decay_steps=661, staircase=True)
NOT_A_NUMBER = spec.Polynomial(initial_rate=0.5, end_rate=0.1, decay_steps=1654, power=1.5)
NOT_AT_THE_END = spec.Polynomial(initial_rate=0.5, end_rate=0.1, decay_steps=1968, power=0.5)
SHORT_COSINE = spec.Cosine(initial_rate=0.5, decay_steps=10)
WITH_SCHEDULERS = (
    spec.Polynomial(initial_rate=0.1, end_rate=0.0, decay_steps=20, power=2.0),
    spec.PiecewiseConstant(boundaries=(10, 20), values=(0.1, 0.01, 0.001), boundary="inclusive"),
    spec.PiecewiseConstant(boundaries=(10,), values=(0.05, 0.1), boundary="exclusive"),
    spec.LinearWarmup(target_rate=0.1, warmup_steps=20, start_rate=0.01),
    spec.WarmupThen(warmup_steps=10, start_rate=0.01, then=PUBLISHED_EXPONENTIAL),
)
# MindSpore's scheduler for the second part cannot be the second part of another.
IN_TWO_PARTS = spec.WarmupThen(
    warmup_steps=3,
    start_rate=0.001,
    then=spec.PiecewiseConstant(boundaries=(5,), values=(0.1, 0.01), boundary="inclusive"),
)
SPECIAL = (
    SHORT_COSINE,
    IN_TWO_PARTS,
    *WITH_SCHEDULERS,
    PUBLISHED_EXPONENTIAL,
    PUBLISHED_STAIRCASE,
    PUBLISHED_PIECES,
    PUBLISHED_MINDSPORE,
    LATE,
    NOT_A_NUMBER,
    NOT_AT_THE_END,
)
ALL: list[spec.Schedule] = [*SHIPPED.values(), *DRAWN.values(), *SPECIAL]

Answers = dict[str, dict[spec.Schedule, list[Form]]]


@pytest.fixture(scope="module")
def answers(
    start: Callable[[list[Arm], Path], dict[str, Resident]], tmp_path_factory: pytest.TempPathFactory
) -> Answers:
    """By arm and schedule, every form with its rates at `STEPS`: one question to each arm."""
    scratch = tmp_path_factory.mktemp("schedules")
    (scratch / "experiment.json").write_text(EXPERIMENT.model_dump_json())  # of which an arm knows that nothing changes
    save_arrays(scratch / "steps.npz", {"steps": STEPS})
    asked = [word.model_dump(mode="json") for word in ALL]

    def ask(resident: Resident) -> dict[spec.Schedule, list[Form]]:
        result, rates = resident.ask(TASKS["schedule"], schedules=asked, steps=str(scratch / "steps.npz"))
        found: dict[spec.Schedule, list[Form]] = {word: [] for word in ALL}
        for index, form in enumerate(result["forms"]):
            form = Form(form["name"], form["used"], form["differs"], form["realisation"], rates[str(index)])
            found[ALL[result["forms"][index]["schedule"]]].append(form)
        return found

    workers = start(list(ARMS), scratch)
    with ThreadPoolExecutor(len(workers)) as pool:
        return dict(zip(workers, pool.map(ask, workers.values()), strict=True))


def excess(rates: Any, word: spec.Schedule) -> tuple[float, int]:
    """The largest |rate - oracle| over its tolerance, and the step where it is; infinite where a rate is no number.

    The stateful schedulers of MindSpore are asked for their first steps only.
    """
    tolerance: Tolerance = rate_tolerance(word, STEPS, rates.dtype.type)
    reference = oracle(word, STEPS)
    assert np.all(np.isfinite(reference))
    if 0 < len(rates) == LAST + 1:
        tolerance, reference = Tolerance(tolerance.bound[: len(rates)], tolerance.source), reference[: len(rates)]
    assert rates.shape == reference.shape
    error = np.abs(rates.astype(np.float64) - reference)
    over = np.where(np.isfinite(rates), error / tolerance.bound, np.inf)
    return float(np.max(over)), int(STEPS[np.argmax(over)])


def at(form: Form, step: int) -> float:
    return float(form.rates[np.searchsorted(STEPS, step)])


def form_named(forms: list[Form], name: str) -> Form:
    return next(form for form in forms if form.name == name)


def check(forms: list[Form], word: spec.Schedule) -> None:
    assert [form.used for form in forms].count(True) == 1
    for form in forms:
        worst, step = excess(form.rates, word)
        if form.used:
            assert not form.differs, f"{form.name} is trained with, though it differs: {form.differs}"
        assert (len(form.rates) == LAST + 1) == form.by["by"].startswith("experimental."), (
            "all steps, unless it is slow"
        )
        if not form.differs:
            assert worst <= 1, f"{word!r}: {form.name} is {worst:.3g} times its tolerance off at step {step}"
            continue
        entry = find(form.differs)
        assert (entry.family, entry.framework) == ("schedule", form.differs.partition("-")[0])
        if entry.kind == "inaccurate":
            reference = oracle(word, STEPS)[: len(form.rates)]
            assert entry.bound is not None
            assert np.all(np.abs(form.rates - reference) <= entry.bound * reference)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("arm", [arm.name for arm in ARMS])
def test_shipped_schedules(answers: Answers, arm: str, name: str) -> None:
    check(answers[arm][SHIPPED[name]], SHIPPED[name])


@pytest.mark.parametrize("arm", [arm.name for arm in ARMS])
def test_no_false_alarm_on_random_schedules(answers: Answers, arm: str) -> None:
    assert len(DRAWN) >= 60
    assert {type(word) for word in DRAWN.values()} == {type(word) for word in SHIPPED.values()}
    for word in DRAWN.values():
        check(answers[arm][word], word)


KERAS = "ExponentialDecay InverseTimeDecay PolynomialDecay CosineDecay CosineDecayRestarts PiecewiseConstantDecay"
CLASSES = "ExponentialDecayLR NaturalExpDecayLR InverseDecayLR PolynomialDecayLR CosineDecayLR WarmUpLR"
FUNCTIONS = (
    "exponential_decay_lr natural_exp_decay_lr inverse_decay_lr polynomial_decay_lr cosine_decay_lr "
    "piecewise_constant_lr warmup_lr"
)
SCHEDULERS = (
    "StepLR ConstantLR LinearLR ExponentialLR PolynomialLR LambdaLR MultiStepLR SequentialLR CyclicLR "
    "CosineAnnealingWarmRestarts CosineAnnealingLR"
)
OFFERED = {
    "mindspore": {*(f"nn.{name}" for name in f"{CLASSES} {FUNCTIONS}".split()), *SCHEDULERS.split()},
    "tensorflow": {*KERAS.split(), "CosineDecay(warmup)"},
}


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_every_form_that_the_framework_offers_is_asked(answers: Answers, arm: Arm) -> None:
    """Tables are the adapter's own numbers: were they all that is compared, nothing of the framework would be."""
    forms = [form for word in ALL for form in answers[arm.name][word]]
    assert {form.name for form in forms} == {*OFFERED[arm.adapter], "learning_rate=float", "table"}
    used = [next(form for form in answers[arm.name][word] if form.used) for word in DRAWN.values()]
    assert sum(form.name != "table" for form in used) > len(used) / 3


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_the_form_that_is_used_is_the_declared_realisation(answers: Answers, arm: Arm) -> None:
    """What `twinrun words` says without the framework, and what the framework's process trains with."""
    for word in ALL:
        used = next(form for form in answers[arm.name][word] if form.used)
        assert used.by == asdict(adapters.realisation(word, Setting.of(arm))), repr(word)


def test_the_cosine_of_a_stateful_scheduler_rises_again(answers: Answers) -> None:
    form = form_named(answers["mindspore"][SHORT_COSINE], "CosineAnnealingLR")
    assert form.differs == "mindspore-cosine-rises-again"
    worst, _ = excess(form.rates, SHORT_COSINE)
    assert worst > 1
    assert at(form, 10) < 0.001 < 0.499 < at(form, 20)


@pytest.mark.parametrize("name", [name for name in SHIPPED if name != "constant"])
def test_a_rate_that_comes_a_step_early_or_late_is_caught(name: str) -> None:
    """What the tolerance is worth: the schedule, one step off, is beyond it, in float32 as in float64."""
    word = SHIPPED[name]
    for shift in (-1, 1):
        moved = oracle(word, np.maximum(STEPS + shift, 0))
        for precision in (np.float32, np.float64):
            assert excess(moved.astype(precision), word)[0] > 1


@pytest.mark.parametrize("name", SHIPPED)
def test_a_rate_off_by_a_ten_thousandth_is_caught(name: str) -> None:
    word = SHIPPED[name]
    assert excess((oracle(word, STEPS) * 1.0001).astype(np.float32), word)[0] > 1


# What is published about the frameworks' own classes, first on the raw classes, then through our specs.


def test_mindspores_documented_example(in_mindspore: Callable[..., Any]) -> None:
    """The example on the page of `mindspore.nn.exponential_decay_lr`, which decays once per two epochs."""
    documented = [0.1, 0.1, 0.09, 0.09, 0.081, 0.081]
    arguments = [0.1, 0.9, 6, 2, 1]
    rates = in_mindspore(raw_mindspore.rates_of, "function", "exponential_decay_lr", arguments, 6)
    np.testing.assert_allclose(rates, documented, rtol=4 * np.finfo(np.float64).eps)


def test_mindspores_documented_example_as_a_spec(answers: Answers) -> None:
    """Two steps an epoch, one epoch a period: a staircase of two steps."""
    documented = [0.1, 0.1, 0.09, 0.09, 0.081, 0.081]
    np.testing.assert_allclose(oracle(PUBLISHED_MINDSPORE, np.arange(6)), documented, rtol=1e-15)
    for forms in answers.values():
        check(forms[PUBLISHED_MINDSPORE], PUBLISHED_MINDSPORE)


def exponential_bound(periods: Any) -> Any:
    """How far `0.5 * 0.9 ** p` may be off in float32, from the operations alone.

    With u = 2**-24, the rounding of 0.9 to float32 costs p * u, relatively. The power is `exp(p * log(0.9))`, whose
    exponent has a relative error of 4 u at most (p, the logarithm, their product, one in hand) and so costs
    |p * log(0.9)| * 4 u. The exponential costs 4 u (an approximation good to 2 ULP), its product with 0.5, exact, and
    the rounding of the result one more.
    """
    unit = 2.0**-24
    return unit * (periods + 4 * np.abs(periods * np.log(0.9)) + 5)


@pytest.mark.parametrize("staircase", [False, True])
def test_exponential_decay_of_the_raw_classes(
    in_mindspore: Callable[..., Any], in_tensorflow: Callable[..., Any], staircase: bool
) -> None:
    t = np.arange(400)
    periods = t // 10 if staircase else t / 10
    formula = 0.5 * 0.9**periods
    keras = in_tensorflow(raw_tensorflow.rates_of, "ExponentialDecay", [0.5, 10, 0.9], {"staircase": staircase}, len(t))
    mindspore = in_mindspore(raw_mindspore.rates_of, "class", "ExponentialDecayLR", [0.5, 0.9, 10, staircase], len(t))
    for rates in (keras, mindspore):
        assert np.all(np.abs(rates / formula - 1) <= exponential_bound(periods))
    # The function forms compute in Python's float64: a power and a product, half an ULP or so each.
    arguments = [0.5, 0.9, len(t), 1, 10, staircase]
    function = in_mindspore(raw_mindspore.rates_of, "function", "exponential_decay_lr", arguments, len(t))
    np.testing.assert_allclose(function, formula, rtol=2 * np.finfo(np.float64).eps)


@pytest.mark.parametrize("word", [PUBLISHED_EXPONENTIAL, PUBLISHED_STAIRCASE])
def test_exponential_decay_as_a_spec(answers: Answers, word: spec.Exponential) -> None:
    t = np.arange(400)
    periods = t // 10 if word.staircase else t / 10
    formula = 0.5 * 0.9**periods
    for forms in answers.values():
        check(forms[word], word)
        used = next(form for form in forms[word] if form.used)
        assert np.all(np.abs(used.rates[t] / formula - 1) <= exponential_bound(periods))


def test_piecewise_constant_of_the_raw_classes(
    in_mindspore: Callable[..., Any], in_tensorflow: Callable[..., Any]
) -> None:
    """Nothing is computed, so each value is the number given, rounded once. Keras' boundary is inclusive."""
    rates = [0.1, 0.05, 0.025, 0.001]
    formula = np.array([rates[(t > 100) + (t > 200) + (t > 300)] for t in range(400)])
    arguments = [[100, 200, 300], rates]
    keras = in_tensorflow(raw_tensorflow.rates_of, "PiecewiseConstantDecay", arguments, {}, 400)
    np.testing.assert_array_equal(keras, formula.astype(np.float32))
    # MindSpore's milestone is exclusive, and its list ends at the last one.
    arguments = [[101, 201, 301, 400], rates]
    mindspore = in_mindspore(raw_mindspore.rates_of, "function", "piecewise_constant_lr", arguments, 400)
    np.testing.assert_array_equal(mindspore, formula)
    too_early = in_mindspore(
        raw_mindspore.rates_of, "function", "piecewise_constant_lr", [[100, 200, 300, 400], rates], 400
    )
    assert np.flatnonzero(too_early != formula).tolist() == [100, 200, 300]


def test_piecewise_constant_as_a_spec(answers: Answers) -> None:
    rates = [0.1, 0.05, 0.025, 0.001]
    formula = np.array([rates[(t > 100) + (t > 200) + (t > 300)] for t in range(400)])
    for forms in answers.values():
        for form in forms[PUBLISHED_PIECES]:
            np.testing.assert_array_equal(form.rates[:400].astype(np.float32), formula.astype(np.float32))


@pytest.mark.parametrize("arm", COMPILED)
def test_keras_staircase_is_a_step_late_in_a_compiled_graph(answers: Answers, arm: str) -> None:
    """t / 661 becomes t * float32(1 / 661), which is below 1 at t = 661: the first stair comes at 662."""
    forms = answers[arm][LATE]
    late = form_named(forms, "ExponentialDecay")
    assert [at(late, step) for step in (660, 661, 662)] == [0.5, 0.5, 0.25]
    assert late.differs
    assert not late.used
    worst, step = excess(late.rates, LATE)
    assert worst > 1
    assert step == 661
    used = next(form for form in forms if form.used)
    assert [at(used, step) for step in (660, 661, 662)] == [0.5, 0.25, 0.25]


@pytest.mark.parametrize("arm", ["tensorflow_eager", "mindspore"])
def test_the_staircase_is_right_where_the_division_is_one(answers: Answers, arm: str) -> None:
    used = next(form for form in answers[arm][LATE] if form.used)
    assert used.name != "table"
    assert [at(used, step) for step in (660, 661, 662)] == [0.5, 0.25, 0.25]


def test_keras_polynomial_is_no_number_under_xla(answers: Answers) -> None:
    forms = answers["tensorflow_xla"][NOT_A_NUMBER]
    wrong = form_named(forms, "PolynomialDecay")
    assert np.isnan(at(wrong, 1654))
    assert wrong.differs
    assert not wrong.used
    assert excess(wrong.rates, NOT_A_NUMBER)[0] == np.inf
    check(forms, NOT_A_NUMBER)


def test_keras_square_root_does_not_end_in_a_compiled_graph(answers: Answers) -> None:
    """There 1 - t / 1968 is 2**-24 at the end and not 0, and its square root 2**-12."""
    forms = answers["tensorflow"][NOT_AT_THE_END]
    wrong = form_named(forms, "PolynomialDecay")
    assert at(wrong, 10_000) == pytest.approx(0.1 + 0.4 * 2**-12, rel=1e-6)
    assert wrong.differs
    assert not wrong.used
    check(forms, NOT_AT_THE_END)


@pytest.mark.parametrize("word", [NOT_A_NUMBER, NOT_AT_THE_END])
def test_the_polynomial_is_right_in_eager_mode(answers: Answers, word: spec.Polynomial) -> None:
    used = next(form for form in answers["tensorflow_eager"][word] if form.used)
    assert used.name == "PolynomialDecay"
    assert at(used, 10_000) == np.float32(0.1)
