"""The reference's updates against recurrences in 50 digits, at drawn hyper-parameters, and against numbers by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scalar_optimizers import RECURRENCES, adam, by_element, mp

import adapters
from adapters import canonical
from adapters.coefficients import DECAY_SCALARS, RULE_SCALARS, coefficients
from adapters.protocol import Adapter
from adapters.reference.optimizers import RULES
from harness.spec import optimizers as spec
from harness.spec import weight_decay as decay
from harness.spec.arm import Arm
from harness.spec.base import family_members
from harness.spec.recipe import Update
from harness.spec.schedules import Constant, PiecewiseConstant, Schedule
from harness.spec.vocabulary import specimens

EPS = float(np.finfo(np.float64).eps)
UPDATES = 40
SHAPES = {"a/kernel": (2, 2), "a/bias": (2,)}
WORDS: tuple[Any, ...] = specimens("optimizer")
DECAYS: tuple[Any, ...] = specimens("weight_decay")
NAMES = [word.name_in_tables for word in WORDS]

fraction = st.floats(0, 0.99).map(lambda x: round(x, 6))
beta2 = st.sampled_from([0.0, 0.5, 0.9, 0.99, 0.999])
epsilon = st.sampled_from([1e-8, 1e-3, 1.0])
factor = st.floats(0, 0.5).map(lambda x: round(x, 6))
moments = {"beta1": fraction, "beta2": beta2, "epsilon": epsilon}
decayed = st.sampled_from(["kernels", "all"])
forms = st.sampled_from(["rate_outside", "rate_inside"])
DRAWN: dict[type[spec.Optimizer], st.SearchStrategy[Any]] = {
    spec.Sgd: st.builds(spec.Sgd),
    spec.HeavyBall: st.builds(spec.HeavyBall, momentum=fraction, form=forms)
    | st.builds(spec.HeavyBall, momentum=fraction, form=st.just("rate_outside"), dampening=fraction),
    spec.Nesterov: st.builds(spec.Nesterov, momentum=fraction, form=forms),
    spec.Adagrad: st.builds(spec.Adagrad, initial_accumulator=st.floats(0, 2), epsilon=epsilon),
    spec.Rmsprop: st.builds(
        spec.Rmsprop, rho=fraction, momentum=fraction | st.just(0.0), centered=st.just(False), epsilon=epsilon
    )
    | st.builds(spec.Rmsprop, rho=fraction, momentum=fraction, centered=st.just(True), epsilon=st.just(0.01)),
    spec.Adadelta: st.builds(spec.Adadelta, rho=fraction, epsilon=epsilon),
    spec.Adam: st.builds(spec.Adam, **moments, amsgrad=st.booleans()),
    spec.Adamw: st.builds(spec.Adamw, factor=factor, decayed=decayed, **moments),
    spec.Adamax: st.builds(spec.Adamax, **moments),
    spec.Nadam: st.builds(spec.Nadam, **moments, momentum_decay=st.sampled_from([0.0, 0.004, 1.0])),
    spec.Ftrl: st.builds(
        spec.Ftrl,
        l1=factor,
        l2=factor,
        initial_accumulator=st.floats(0.01, 2),
        learning_rate_power=st.sampled_from([-0.5, -0.75, -0.25, 0.0]),
    ),
    spec.Lion: st.builds(spec.Lion, beta1=fraction, beta2=fraction),
    spec.Lamb: st.builds(
        spec.Lamb, factor=factor, decay=st.sampled_from(["inside", "decoupled"]), decayed=decayed, **moments
    ),
    spec.Rprop: st.builds(
        spec.Rprop,
        eta_minus=st.floats(0.1, 0.9),
        eta_plus=st.floats(1.1, 3),
        min_step=st.floats(1e-6, 1e-3),
        max_step=st.floats(0.01, 10),
    ),
    spec.Asgd: st.builds(spec.Asgd, lambd=factor, alpha=fraction),
}
rates = st.floats(1e-3, 0.3).map(lambda rate: [rate] * UPDATES) | st.lists(
    st.floats(1e-3, 0.3), min_size=UPDATES, max_size=UPDATES
)


def reference(precision: Any = "float64", policy: Any = "exact") -> Adapter:
    arm = Arm(name="reference", adapter="reference", mode="numpy", precision=precision, realisation=policy)
    return adapters.load(arm)


def schedule_of(rates: Sequence[float]) -> Schedule:
    """Any rates, update by update."""
    return PiecewiseConstant(boundaries=range(1, len(rates)), values=rates, boundary="exclusive")


def drawn(seed: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Weights, and gradients of very different sizes, some of them 0. Of few bits, so that float32 holds them."""
    rng = np.random.default_rng(seed)

    def few_bits(shape: Any) -> Any:
        return rng.integers(-64, 65, size=shape) / 32

    sizes = {name: 2.0 ** rng.integers(-8, 4, size=shape) for name, shape in SHAPES.items()}
    start = {name: few_bits(shape) for name, shape in SHAPES.items()}
    return start, [{name: few_bits(shape) * sizes[name] for name, shape in SHAPES.items()} for _ in range(UPDATES)]


def replayed(
    word: Any, rates: Sequence[float], start: Any, gradients: Any, adapter: Adapter | None = None, of: Any = DECAYS[0]
) -> list[Any]:
    update = Update(optimizer=word, schedule=schedule_of(rates), weight_decay=of)
    return list((adapter or reference()).optimizer(update, start, gradients))


def recurrence(word: Any, rates: Sequence[float], start: Any, gradients: Any, own: Any = None) -> dict[str, Any]:
    """By tensor: the weights after each update, as rows of numbers in 50 digits."""
    r = [mp.mpf(rate) for rate in rates]
    found = {}
    for name, w in start.items():
        decays = getattr(word, "decayed", "all") == "all" or name.endswith("kernel")
        g = [[mp.mpf(float(x)) for x in each[name].ravel()] for each in gradients]
        first = [mp.mpf(float(x)) for x in w.ravel()]
        found[name] = (own or RECURRENCES[type(word)])(word, decays, r, g, first)
    return found


def distance(weights: list[Any], wanted: dict[str, Any]) -> float:
    """The largest error of any weight after any update."""
    worst = mp.mpf(0)
    for name, rows in wanted.items():
        for after, row in zip(weights, rows, strict=True):
            pairs = zip(after[name].ravel(), row, strict=True)
            worst = max(worst, *(abs(mp.mpf(float(x)) - y) for x, y in pairs))
    return float(worst)


def bound(word: Any, rates: Sequence[float], start: Any, gradients: Any, wanted: Any, of: Any = DECAYS[0]) -> float:
    """What float64 may lose: 64 times what float32, of which it has 2**29 times the digits, loses over the same way.

    To this come 4 EPS of the largest number at each update, for where float32 is right by luck.
    """
    in_float32 = replayed(word, np.float32(rates).tolist(), start, gradients, reference("float32"), of)
    lost = distance(in_float32, wanted)
    largest = max(float(np.abs(after[name]).max()) for after in in_float32 for name in after)
    return 64 * lost * 2.0**-29 + 4 * UPDATES * EPS * max(1.0, largest)


def test_no_optimizer_is_left_out() -> None:
    shipped = {kind for kind in family_members(spec.Optimizer) if kind.__module__.startswith(spec.__name__)}
    tables = RULES, canonical.RULES, RULE_SCALARS, RECURRENCES, DRAWN
    assert all(set(table) == shipped for table in tables)
    assert {type(word) for word in WORDS} == shipped
    assert {type(word) for word in DECAYS} == set(DECAY_SCALARS)


@pytest.mark.parametrize("kind", DRAWN, ids=lambda kind: kind.word())
def test_replays_follow_the_formula(kind: type[spec.Optimizer]) -> None:
    @settings(max_examples=12, deadline=None)
    @given(word=DRAWN[kind], rates=rates, seed=st.integers(0, 10**6))
    def holds(word: spec.Optimizer, rates: list[float], seed: int) -> None:
        rates = np.float32(rates).astype(float).tolist()
        start, gradients = drawn(seed)
        wanted = recurrence(word, rates, start, gradients)
        off = distance(replayed(word, rates, start, gradients), wanted)
        assert off <= bound(word, rates, start, gradients, wanted)

    holds()


@pytest.mark.parametrize("word", DECAYS, ids=lambda word: word.name_in_tables)
@settings(max_examples=10, deadline=None)
@given(rates=rates, seed=st.integers(0, 10**6))
def test_weight_decay_comes_before_the_rule(word: Any, rates: list[float], seed: int) -> None:
    rates = np.float32(rates).astype(float).tolist()
    start, gradients = drawn(seed)
    own, mu = spec.HeavyBall(momentum=0.75, form="rate_outside"), mp.mpf(0.75)
    wanted = {}
    for name, w in start.items():
        decays = getattr(word, "decayed", None) == "all" or name.endswith("kernel")
        coupled = mp.mpf(word.factor) if isinstance(word, decay.Coupled) and decays else 0
        decoupled = mp.mpf(word.factor) if isinstance(word, decay.Decoupled) and decays else 0
        x, v, rows = [mp.mpf(float(each)) for each in w.ravel()], [mp.mpf(0)] * w.size, []
        for rate, gradient in zip(rates, gradients, strict=True):
            slopes = [mp.mpf(float(g)) + coupled * a for g, a in zip(gradient[name].ravel(), x, strict=True)]
            v = [mu * old + slope for old, slope in zip(v, slopes, strict=True)]
            followed = 1 if isinstance(word, decay.RateFree) else mp.mpf(rate)
            x = [a * (1 - followed * decoupled) - rate * b for a, b in zip(x, v, strict=True)]
            rows.append(x)
        wanted[name] = rows
    off = distance(replayed(own, rates, start, gradients, of=word), wanted)
    assert off <= bound(own, rates, start, gradients, wanted, word)


def test_the_bound_tells_neighbouring_rules_apart() -> None:
    # The same comparison must fail for a rule that differs a little, or it would show nothing.
    start, gradients = drawn(1)
    rates = np.float32(np.linspace(0.1, 0.01, UPDATES)).astype(float).tolist()

    def outside(word: Any, decays: bool, r: Any, g: Any, w: Any) -> list[Any]:
        return adam(word, decays, r, g, w, corrected_epsilon=True)

    one = spec.HeavyBall(momentum=0.9, form="rate_outside")
    neighbours: list[tuple[Any, Any, Any]] = [
        (one, one.model_copy(update={"form": "rate_inside"}), None),
        (one, one.model_copy(update={"dampening": 1e-6}), None),
        (spec.Nesterov(momentum=0.9, form="rate_inside"), one.model_copy(update={"form": "rate_inside"}), None),
        (spec.Adagrad(epsilon=1e-7), spec.Adagrad(epsilon=2e-7), None),
        (spec.Rmsprop(epsilon=1e-7), spec.Rmsprop(epsilon=2e-7), None),
        (spec.Rmsprop(centered=True, epsilon=1e-3), spec.Rmsprop(epsilon=1e-3), None),
        (spec.Adadelta(epsilon=1e-6), spec.Adadelta(epsilon=2e-6), None),
        (spec.Adam(), spec.Adam(), by_element(outside)),
        (spec.Adam(amsgrad=True), spec.Adam(), None),
        (spec.Adamax(epsilon=1e-7), spec.Adamax(epsilon=2e-7), None),
        (spec.Nadam(momentum_decay=0.004), spec.Nadam(momentum_decay=0.0041), None),
        (spec.Ftrl(l2=0.01), spec.Ftrl(l2=0.005), None),
        (spec.Lamb(factor=0.1, decay="inside"), spec.Lamb(factor=0.1, decay="decoupled"), None),
        (spec.Asgd(lambd=1e-4), spec.Asgd(lambd=1.1e-4), None),
    ]
    for word, other, rule in neighbours:
        wanted = recurrence(other, rates, start, gradients, rule)
        right = recurrence(word, rates, start, gradients)
        off = distance(replayed(word, rates, start, gradients), wanted)
        assert off > 100 * bound(word, rates, start, gradients, right), word


def test_momentum_at_a_rate_that_falls_in_steps() -> None:
    rates = [0.1] * 3 + [0.01] * 3 + [0.001] * 2
    by_hand = {
        # v = 1, 1.9, 2.71, 3.439, 4.0951, 4.68559, 5.217031, 5.6953279
        "rate_outside": [0.1, 0.29, 0.561, 0.59539, 0.636341, 0.6831969, 0.688413931, 0.6941092589],
        # v = -0.1, -0.19, -0.271, -0.2539, -0.23851, -0.224659, -0.2031931, -0.18387379
        "rate_inside": [0.1, 0.29, 0.561, 0.8149, 1.05341, 1.278069, 1.4812621, 1.66513589],
    }
    found = {}
    for form, wanted in by_hand.items():
        after = replayed(spec.HeavyBall(momentum=0.9, form=form), rates, {"w": np.zeros(1)}, [{"w": np.ones(1)}] * 8)
        found[form] = -np.concatenate([each["w"] for each in after])
        # Eight updates of three roundings each, of numbers below 6 of which at most a tenth reaches the weight.
        assert np.abs(found[form] - wanted).max() <= 8 * 3 * EPS
    apart = np.abs(found["rate_inside"] - found["rate_outside"])
    assert apart[:3].max() <= 9 * EPS
    assert apart[3] > 0.2
    assert (np.diff(apart[2:]) > 0).all()


def test_rprop_by_hand() -> None:
    # The sign holds: 0.1, 0.12; it turns: no step, and the next sign counts as the first; then the halved step.
    slopes = [3.0, 1e-30, -5.0, -1.0, 0.0, -2.0]
    after = replayed(spec.Rprop(), [0.1, *[0.7] * 5], {"w": np.zeros(1)}, [{"w": np.full(1, g)} for g in slopes])
    steps = np.diff(np.concatenate([np.zeros(1), *(each["w"] for each in after)]))
    assert np.abs(steps - [-0.1, -0.12, 0, 0.06, 0, 0.06]).max() <= 2 * EPS


def test_no_gradient_no_step() -> None:
    start, _ = drawn(2)
    still = [{name: np.zeros_like(w) for name, w in start.items()}] * 3
    for word in WORDS:
        if word.kind in ("adamw", "lamb", "asgd", "ftrl"):  # these decay, or start from their own point
            continue
        for after in replayed(word, [0.1, 0.2, 0.3], start, still):
            assert all(after[name].tolist() == start[name].tolist() for name in start), word


def test_each_parameter_has_slots_of_its_own() -> None:
    start, gradients = drawn(3)
    for word in WORDS:
        both = replayed(word, [0.1] * UPDATES, start, gradients)[-1]
        for name in start:
            alone = replayed(word, [0.1] * UPDATES, {name: start[name]}, [{name: g[name]} for g in gradients])[-1]
            assert alone[name].tolist() == both[name].tolist(), word


def test_adam_coefficients_are_computed_in_float64_and_rounded_once_or_else_in_float32() -> None:
    update, rates = Update(optimizer=spec.Adam(), schedule=Constant(rate=1e-3)), np.full(50, 1e-3)
    exact, narrow = coefficients(update, rates), coefficients(update, rates, np.float32)
    assert {values.dtype.name for values in exact.values()} == {"float64"}
    assert {values.dtype.name for values in narrow.values()} == {"float32"}
    for step in range(50):
        wanted = mp.mpf(1e-3) * mp.sqrt(1 - mp.mpf(0.999) ** (step + 1)) / (1 - mp.mpf(0.9) ** (step + 1))
        assert np.float32(exact["corrected_rate"][step]) == np.float32(float(wanted))
    # float32(0.999) is 1.3e-8 off, which is 1.3e-5 of 1 - 0.999 and half that of its square root.
    assert 6e-6 < abs(float(narrow["corrected_rate"][0]) / exact["corrected_rate"][0] - 1) < 7e-6


class NumpyMaths:
    """NumPy's functions stand in for a framework's."""

    sqrt, abs, maximum, minimum, sign, where, pow = np.sqrt, np.abs, np.maximum, np.minimum, np.sign, np.where, np.power
    zeros_like, ones_like = np.zeros_like, np.ones_like

    @staticmethod
    def norm(x: Any) -> Any:
        return np.sqrt(np.sum(x * x))


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("word", [*WORDS, *DECAYS], ids=lambda word: word.name_in_tables)
def test_the_rules_that_frameworks_share_are_those_of_the_reference(word: Any, precision: Any) -> None:
    # To the last bit: NumPy's operators stand in for those of a framework.
    start, gradients = drawn(4)
    rates = np.linspace(0.1, 0.01, UPDATES)
    own, of = (word, DECAYS[0]) if word.family == "optimizer" else (spec.Adam(), word)
    update = Update(optimizer=own, schedule=schedule_of(rates), weight_decay=of)
    parts = {name: part.update for part in update.parts(start) for name in part.names}
    table = {name: _in_precision(coefficients(u, rates * u.rate_factor), precision) for name, u in parts.items()}
    rule = canonical.RULES[type(own)]
    weights = {name: w.astype(precision) for name, w in start.items()}
    slots = {
        name: tuple(np.full_like(w, value) for value in rule.initial(own, rates[0] * parts[name].rate_factor))
        for name, w in weights.items()
    }
    for t, after in enumerate(replayed(own, rates.tolist(), start, gradients, reference(precision), of)):
        for name in weights:
            c = {scalar: values[t] for scalar, values in table[name].items()}
            rule_word, decay_word = canonical.words_for_parameter(parts[name], name)
            w, g = canonical.apply_decay(decay_word.word(), c, weights[name], gradients[t][name].astype(precision))
            weights[name], slots[name] = rule.update(rule_word, c, w, g, slots[name], NumpyMaths)
            assert weights[name].dtype == precision
            assert weights[name].tobytes() == after[name].tobytes(), f"update {t}"
    assert t == UPDATES - 1
    told = reference(precision).slots_after(update, start, gradients)
    assert list(told) == [f"{slot}/{name}" for slot in own.slot_names for name in weights]
    for name, last in slots.items():
        for slot, value in zip(own.slot_names, last, strict=True):
            assert value.tobytes() == told[f"{slot}/{name}"].tobytes(), slot


def _in_precision(scalars: dict[str, Any], precision: Any) -> dict[str, Any]:
    return {name: values.astype(precision) for name, values in scalars.items()}


@pytest.mark.parametrize("policy", ["native", "exact"])
def test_float32_stays_float32(policy: Any) -> None:
    start, gradients = drawn(5)
    for word in WORDS:
        for of in DECAYS:
            for after in replayed(word, [0.1] * 3, start, gradients[:3], reference("float32", policy), of):
                assert {w.dtype.name for w in after.values()} == {"float32"}, word


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (spec.HeavyBall, {"momentum": 1.0, "form": "rate_outside"}),
        (spec.HeavyBall, {"momentum": 0.9, "form": "rate_inside", "dampening": 0.5}),
        (spec.HeavyBall, {"momentum": 0.9}),
        (spec.Nesterov, {"momentum": -0.1, "form": "rate_outside"}),
        (spec.Adagrad, {"initial_accumulator": -1.0}),
        (spec.Adagrad, {"epsilon": 0.0}),
        (spec.Rmsprop, {"rho": 1.0}),
        (spec.Adadelta, {"epsilon": float("nan")}),
        (spec.Adam, {"beta1": 1.0}),
        (spec.Adam, {"beta2": -0.1}),
        (spec.Adam, {"epsilon": 0.0}),
        (spec.Adamw, {"factor": -0.1}),
        (spec.Adamw, {}),
        (spec.Adamw, {"factor": 0.1, "decayed": "biases"}),
        (spec.Nadam, {"momentum_decay": -1.0}),
        (spec.Ftrl, {"initial_accumulator": 0.0}),
        (spec.Ftrl, {"learning_rate_power": 0.5}),
        (spec.Ftrl, {"l1": -1.0}),
        (spec.Lion, {"beta2": 1.0}),
        (spec.Lamb, {"factor": 0.1}),
        (spec.Rprop, {"eta_plus": 1.0}),
        (spec.Rprop, {"eta_minus": 1.0}),
        (spec.Rprop, {"min_step": 2.0, "max_step": 1.0}),
        (spec.Asgd, {"lambd": -1.0}),
        (decay.Coupled, {"factor": -0.1}),
        (decay.Decoupled, {}),
        (decay.RateFree, {"factor": -0.1}),
    ],
)
def test_values_out_of_range_are_refused(kind: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kind(**fields)
