"""The plan: drawn from the seed alone, the same bytes for all, and from the distributions that the spec defines."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from harness.plan import Plan, digest_arrays, draw_orders, draw_plan, draw_weights
from harness.plan.initializer_laws import DRAWS, LAWS, fans
from harness.spec import initializers as init
from harness.spec.base import family_members
from harness.spec.experiment import Experiment, Training
from harness.spec.model import Model
from harness.spec.parameters import Parameter

Build = Callable[..., Experiment]
TRAINING = {"epochs": 4, "batch_size": 10}


def network(*layers: dict[str, Any], inputs: int = 3) -> Model:
    filled = [{"kind": "dense", "kernel_initializer": "xavier_normal", **layer} for layer in layers]
    return Model.model_validate({"input": {"shape": [inputs]}, "layers": filled})


def training(**changed: Any) -> Training:
    return Training(**{**TRAINING, **changed})


# --- Digest ----------------------------------------------------------------------------------------------------------


def test_a_plan_is_its_seed(experiment_of: Build) -> None:
    one, same = draw_plan(experiment_of(), 40), draw_plan(experiment_of(name="another"), 40)
    assert one.digest == same.digest
    assert len(one.digest) == 64
    for name, value in one.weights.items():
        assert value.tobytes() == same.weights[name].tobytes()
    assert [order.tolist() for order in one.orders] == [order.tolist() for order in same.orders]


@pytest.mark.parametrize(
    ("changed", "samples"),
    [
        ({"seed": 4}, 40),
        ({"training": {**TRAINING, "epochs": 5}}, 40),
        ({"training": {**TRAINING, "batch_size": 20}}, 40),
        ({"training": {**TRAINING, "max_steps": 15}}, 40),
        ({}, 41),
    ],
    ids=str,
)
def test_what_changes_the_plan_changes_its_digest(experiment_of: Build, changed: dict[str, Any], samples: int) -> None:
    assert draw_plan(experiment_of(**changed), samples).digest != draw_plan(experiment_of(), 40).digest


def test_a_digest_is_of_names_types_shapes_and_bytes_in_their_order() -> None:
    a, b = np.arange(6.0), np.ones(2)
    digests = [
        digest_arrays(arrays)
        for arrays in (
            {"a": a, "b": b},
            {"b": b, "a": a},
            {"a": a, "c": b},
            {"a": a.reshape(2, 3), "b": b},
            {"a": a.astype(np.float32), "b": b},
            {"a": np.nextafter(a, 9), "b": b},
            {"a": a.view(np.int64), "b": b},
        )
    ]
    assert len(set(digests)) == len(digests)
    assert digest_arrays({"a": np.arange(12.0)[::2].copy()}) == digest_arrays({"a": np.arange(12.0)[::2]})


def test_a_plan_keeps_its_digest_on_disk(experiment_of: Build, tmp_path: Path) -> None:
    plan = draw_plan(experiment_of(training={**TRAINING, "max_steps": 13}), 37)
    plan.save(tmp_path / "plan.npz")
    loaded = Plan.load(tmp_path / "plan.npz")
    assert (loaded.digest, loaded.batch_size, loaded.steps) == (plan.digest, 10, 13)
    assert {name: value.tobytes() for name, value in loaded.weights.items()} == {
        name: value.tobytes() for name, value in plan.weights.items()
    }
    assert [batch.samples.tolist() for batch in loaded.batches(99)] == [
        batch.samples.tolist() for batch in plan.batches(99)
    ]


@pytest.mark.parametrize("key", ["weight/dense_1/kernel", "weight/dense_1/bias", "order/2", "batch_size"])
def test_one_bit_flipped_is_another_plan(experiment_of: Build, tmp_path: Path, key: str) -> None:
    path, plan = tmp_path / "plan.npz", draw_plan(experiment_of(), 40)
    plan.save(path)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    changed = arrays[key].reshape(-1).view(np.uint8).copy()
    changed[0] ^= 1
    arrays[key] = changed.view(arrays[key].dtype).reshape(arrays[key].shape)
    np.savez(path, **arrays)
    assert Plan.load(path).digest != plan.digest


def test_a_damaged_file_is_no_plan(experiment_of: Build, tmp_path: Path) -> None:
    path, plan = tmp_path / "plan.npz", draw_plan(experiment_of(), 40)
    plan.save(path)
    content = bytearray(path.read_bytes())
    content[content.index(plan.weights["dense_1/kernel"].tobytes()) + 100] ^= 1
    path.write_bytes(content)
    with pytest.raises(zipfile.BadZipFile, match="CRC"):
        Plan.load(path)


# --- Orders ----------------------------------------------------------------------------------------------------------


def test_an_order_is_a_permutation_of_its_own() -> None:
    orders = draw_orders(training(), 0, 1000)
    assert [sorted(order.tolist()) for order in orders] == [list(range(1000))] * 4
    assert {order.dtype for order in orders} == {np.dtype(np.int32)}
    # Two independent permutations agree at one place on average; at ten or more, once in ten million pairs.
    for i, one in enumerate(orders):
        assert all((one == other).sum() < 10 for other in [np.arange(1000), *orders[:i]])


def test_a_seed_changes_every_order_and_an_epoch_more_changes_none() -> None:
    orders = [order.tolist() for order in draw_orders(training(), 0, 50)]
    assert [order.tolist() for order in draw_orders(training(epochs=6), 0, 50)][:4] == orders
    assert not any(order.tolist() in orders for order in draw_orders(training(), 1, 50))


@pytest.mark.parametrize(
    ("samples", "changed", "expected"),
    [
        (40, {}, [40] * 4),
        (37, {}, [37] * 4),
        (37, {"last_batch": "drop"}, [30] * 4),
        (40, {"last_batch": "drop"}, [40] * 4),
        (40, {"max_steps": 1}, [10]),
        (40, {"max_steps": 8}, [40, 40]),
        (40, {"max_steps": 9}, [40, 40, 10]),
        (37, {"max_steps": 4}, [37]),
        (37, {"max_steps": 7}, [37, 30]),
        (37, {"max_steps": 7, "last_batch": "drop"}, [30, 30, 10]),
        (40, {"max_steps": 99}, [40] * 4),
        (3, {}, [3] * 4),
    ],
)
def test_how_much_of_each_epoch_is_seen(samples: int, changed: dict[str, Any], expected: list[int]) -> None:
    orders = draw_orders(training(**changed), 0, samples)
    assert [len(order) for order in orders] == expected
    whole = draw_orders(training(), 0, samples)[: len(orders)]
    assert [order.tolist() for order in orders] == [
        full[:count].tolist() for full, count in zip(whole, expected, strict=True)
    ]


def test_batches_are_the_orders_in_portions(experiment_of: Build) -> None:
    plan = draw_plan(experiment_of(training={**TRAINING, "max_steps": 7}), 37)
    assert plan.steps == 7
    batches = [batch.samples for batch in plan.batches(7)]
    assert [len(batch) for batch in batches] == [10, 10, 10, 7, 10, 10, 10]
    assert np.concatenate(batches[:4]).tolist() == plan.orders[0].tolist()
    assert np.concatenate(batches[4:]).tolist() == plan.orders[1].tolist()
    assert [batch.epoch for batch in plan.batches(7)] == [0, 0, 0, 0, 1, 1, 1]
    assert [batch.samples.tolist() for batch in plan.batches(5)] == [batch.tolist() for batch in batches[:5]]
    assert plan.batches(0) == []
    assert len(plan.batches(100)) == 7


# --- Weights ---------------------------------------------------------------------------------------------------------


def test_a_3_4_2_network() -> None:
    model = network({"units": 4}, {"units": 2})
    assert {p.name: p.shape for p in model.parameters()} == {
        "dense_1/kernel": (3, 4),
        "dense_1/bias": (4,),
        "dense_2/kernel": (4, 2),
        "dense_2/bias": (2,),
    }
    assert (model.parameter_count, model.multiply_adds) == (26, 20)
    drawn = draw_weights(model, 0)
    assert {name: value.shape for name, value in drawn.items()} == {p.name: p.shape for p in model.parameters()}
    assert {value.dtype for value in drawn.values()} == {np.dtype(np.float64)}
    assert not drawn["dense_1/bias"].any()
    alike = draw_weights(
        network({"units": 4}, {"units": 4}, inputs=4), 0
    )  # one law for both kernels, yet other numbers
    assert len(np.unique(np.stack([alike["dense_1/kernel"], alike["dense_2/kernel"]]))) == 32


def test_changing_one_layer_leaves_the_other_draws() -> None:
    layers: list[dict[str, Any]] = [{"units": 4}, {"units": 5, "bias_initializer": {"kind": "normal", "stddev": 1}}]
    layers += [{"units": 6}, {"units": 2}]
    before = draw_weights(network(*layers), 0)
    layers[2] = {"units": 7, "kernel_initializer": "he_uniform", "activation": "relu"}
    after = draw_weights(network(*layers), 0)
    same = [name for name in before if np.array_equal(before[name], after[name])]
    # The kernel after it has another shape; its bias is drawn as before.
    assert same == ["dense_1/kernel", "dense_1/bias", "dense_2/kernel", "dense_2/bias", "dense_4/bias"]
    other_seed = draw_weights(network(*layers), 1)
    assert not any(np.array_equal(after[name], other_seed[name]) for name in after if after[name].any())


def test_fans() -> None:
    assert fans((30, 50)) == (30, 50)
    assert fans((3, 5, 7, 11)) == (3 * 5 * 7, 3 * 5 * 11)
    assert fans((9,)) == (9, 9)


DENSE, CONV = (400, 500), (3, 3, 60, 400)
FANS = {DENSE: (400, 500), CONV: (9 * 60, 9 * 400)}


def normal(variance: float, mean: float = 0.0) -> Any:
    return stats.norm(mean, math.sqrt(variance))


def uniform(low: float, high: float) -> Any:
    return stats.uniform(low, high - low)


def truncated(variance: float, mean: float = 0.0) -> Any:
    """Of the variance before it is truncated at two standard deviations."""
    return stats.truncnorm(-2, 2, mean, math.sqrt(variance))


DISTRIBUTIONS: list[tuple[init.Initializer, Callable[[int, int], Any]]] = [
    (init.Normal(stddev=0.02, mean=0.5), lambda _, __: normal(0.02**2, 0.5)),
    (init.Uniform(low=-0.1, high=0.3), lambda _, __: uniform(-0.1, 0.3)),
    (init.XavierNormal(), lambda fan_in, fan_out: normal(2 / (fan_in + fan_out))),
    (init.XavierUniform(), lambda a, b: uniform(-math.sqrt(6 / (a + b)), math.sqrt(6 / (a + b)))),
    (init.HeNormal(), lambda fan_in, _: normal(2 / fan_in)),
    (init.HeUniform(), lambda fan_in, _: uniform(-math.sqrt(6 / fan_in), math.sqrt(6 / fan_in))),
    (init.TruncatedNormal(stddev=0.02, mean=0.5), lambda _, __: truncated(0.02**2, 0.5)),
    (init.HeNormal(fan="fan_out"), lambda _, fan_out: normal(2 / fan_out)),
    (init.HeUniform(fan="fan_out"), lambda _, fan_out: uniform(-math.sqrt(6 / fan_out), math.sqrt(6 / fan_out))),
    (init.LecunNormal(), lambda fan_in, _: normal(1 / fan_in)),
    (init.LecunUniform(), lambda fan_in, _: uniform(-math.sqrt(3 / fan_in), math.sqrt(3 / fan_in))),
    (init.VarianceScaling(scale=1.7), lambda fan_in, _: normal(1.7 / fan_in)),
    (
        init.VarianceScaling(scale=1.7, mode="fan_out", distribution="truncated_normal"),
        lambda _, fan_out: truncated(1.7 / fan_out),
    ),
    (
        init.VarianceScaling(scale=1.7, mode="fan_avg", distribution="uniform"),
        lambda a, b: uniform(-math.sqrt(6 * 1.7 / (a + b)), math.sqrt(6 * 1.7 / (a + b))),
    ),
]


@pytest.mark.parametrize("shape", [DENSE, CONV], ids=["dense", "convolution"])
@pytest.mark.parametrize(("word", "law"), DISTRIBUTIONS, ids=lambda value: getattr(value, "kind", ""))
def test_distribution(word: init.Initializer, law: Callable[[int, int], Any], shape: tuple[int, ...]) -> None:
    drawn = DRAWS[type(word)](word, shape, np.random.default_rng(6))
    assert (drawn.shape, drawn.dtype) == (shape, np.dtype(np.float64))
    wanted, values = law(*FANS[shape]), drawn.ravel()
    mean, variance, excess = (float(each) for each in wanted.stats("mvk"))
    # Five standard errors of each moment: a right draw is outside once in two million.
    assert abs(values.mean() - mean) < 5 * math.sqrt(variance / values.size)
    assert abs(values.var() / variance - 1) < 5 * math.sqrt((excess + 2) / values.size)
    # The seed is fixed: a right draw fails here for one seed in a thousand, a scale 2 % off for every one.
    assert stats.kstest(values, wanted.cdf).pvalue > 1e-3
    low, high = wanted.support()
    assert low <= values.min()
    assert values.max() < high
    spread = math.sqrt(variance)
    if math.isinf(high):  # not truncated: 4.5 deviations are passed by one draw in 150,000
        assert np.abs(values - mean).max() > 4.2 * spread
    else:
        assert max(values.min() - low, high - values.max()) < spread / 1000


def test_constants_and_biases() -> None:
    model = network({"units": 4, "kernel_initializer": "zeros", "bias_initializer": {"kind": "constant", "value": 0.1}})
    drawn = draw_weights(model, 0)
    assert drawn["dense_1/kernel"].tolist() == [[0.0] * 4] * 3
    assert drawn["dense_1/bias"].tolist() == [0.1] * 4
    assert DRAWS[init.Ones](init.Ones(), (2, 3), np.random.default_rng(0)).tolist() == [[1.0] * 3] * 2
    wide = network({"units": 20_000, "bias_initializer": "he_uniform"}, inputs=1)
    bias = draw_weights(wide, 0)["dense_1/bias"]
    assert stats.kstest(bias, uniform(-math.sqrt(6 / 20_000), math.sqrt(6 / 20_000)).cdf).pvalue > 1e-3


@pytest.mark.parametrize("shape", [(40, 30), (30, 40), (3, 3, 4, 20), (2, 2, 4, 30)], ids=str)
def test_orthogonal(shape: tuple[int, ...]) -> None:
    q = DRAWS[init.Orthogonal](init.Orthogonal(gain=2.0), shape, np.random.default_rng(0))
    assert q.shape == shape
    flat = q.reshape(-1, shape[-1]) / 2
    products = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
    # Sums of at most 40 products, of columns that the decomposition made orthogonal to a few EPS.
    assert np.abs(products - np.eye(len(products))).max() <= 40 * np.finfo(np.float64).eps


def test_orthogonal_matrices_are_drawn_evenly() -> None:
    # An evenly drawn 2 x 2 one turns by any angle alike; QR alone makes every first element negative.
    drawn = [DRAWS[init.Orthogonal](init.Orthogonal(), (2, 2), np.random.default_rng(seed)) for seed in range(400)]
    angles = [math.atan2(q[1, 0], q[0, 0]) for q in drawn]
    assert stats.kstest(angles, uniform(-math.pi, math.pi).cdf).pvalue > 1e-3


@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (3, 2)], ids=str)
def test_identity(shape: tuple[int, int]) -> None:
    drawn = DRAWS[init.Identity](init.Identity(gain=1.5), shape, np.random.default_rng(0))
    assert drawn.tolist() == [[1.5 * (i == j) for j in range(shape[1])] for i in range(shape[0])]


@pytest.mark.parametrize(
    ("word", "shape", "said"),
    [
        (init.Identity(), (3,), r"identity makes matrices, got shape \(3,\)"),
        (init.Identity(), (3, 3, 4, 4), "identity makes matrices"),
        (init.Orthogonal(), (3,), r"orthogonal draws matrices, got shape \(3,\)"),
    ],
    ids=str,
)
def test_a_shape_that_cannot_be_drawn_is_refused(word: init.Initializer, shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DRAWS[type(word)](word, shape, np.random.default_rng(0))
    with pytest.raises(ValueError, match=said):  # and with it the model that asks for it
        Parameter(name="kernel", shape=shape, initializer=word)


def test_a_model_with_an_array_that_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="identity makes matrices"):
        network({"units": 4, "bias_initializer": "identity"})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "truncated_normal", "stddev": 0}, "greater than 0"),
        ({"kind": "variance_scaling", "scale": 0}, "greater than 0"),
        ({"kind": "variance_scaling", "mode": "fan_max"}, "'fan_in', 'fan_out' or 'fan_avg'"),
        ({"kind": "variance_scaling", "distribution": "untruncated"}, "'normal', 'truncated_normal' or 'uniform'"),
        ({"kind": "he_normal", "fan": "fan_avg"}, "'fan_in' or 'fan_out'"),
        ({"kind": "orthogonal", "gain": -1}, "greater than 0"),
        ({"kind": "identity", "gain": math.nan}, "finite number"),
    ],
    ids=str,
)
def test_a_wrong_number_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(init.AnyInitializer).validate_python(wrong)


def test_no_initializer_is_left_out() -> None:
    shipped = {kind for kind in family_members(init.Initializer) if kind.__module__ == init.__name__}
    random = {type(word) for word, _ in DISTRIBUTIONS}
    exact = {init.Zeros, init.Ones, init.ConstantValue, init.Orthogonal, init.Identity}
    assert set(LAWS) == random
    assert set(DRAWS) == shipped == random | exact
