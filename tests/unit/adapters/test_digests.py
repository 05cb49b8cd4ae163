"""Digests of a step: the signs, the columns, and what the reference's trainer says of gradients and weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adapters
from adapters.digests import PATTERN_SIZE, factors, pattern, weights_first
from adapters.protocol import EpochResult
from harness.composition import compose
from harness.plan import draw_weights
from harness.records.step_columns import DIGESTS, WATCHED, columns
from harness.spec.arm import Arm
from harness.spec.model import Model
from harness.spec.recipe import Recipe
from harness.worker.norms import watch_of, watched_of

EPS = float(np.finfo(np.float64).eps)
MODEL = Model.model_validate(
    {
        "input": {"shape": [4, 4, 1]},
        "layers": [
            {"kind": "conv2d", "filters": 2, "kernel_size": [3, 3], "kernel_initializer": "he_normal"},
            "batch_norm",
            "flatten",
            {"kind": "dropout", "rate": 0.5},
            {"kind": "dense", "units": 3, "kernel_initializer": "he_normal"},
        ],
    }
)
RECIPE = Recipe.model_validate(
    {
        "model": MODEL,
        "loss": "softmax_cross_entropy",
        "update": {
            "optimizer": {"kind": "momentum", "momentum": 0.9, "form": "rate_outside"},
            "schedule": {"kind": "inverse_time", "initial_rate": 0.1, "decay_rate": 0.5, "decay_steps": 1},
            "clipping": {"kind": "by_norm", "bound": 0.1},
            "weight_decay": {"kind": "decoupled", "factor": 0.1},
        },
    }
)
STEPS, BATCH = 3, 4


def given() -> tuple[Any, ...]:
    rng = np.random.default_rng(2)
    noise = {n.name: rng.integers(0, 2, (STEPS, BATCH, *n.shape)).astype(np.float64) for n in MODEL.noise()}
    return draw_weights(MODEL, 1), rng.normal(size=(9, 4, 4, 1)), rng.integers(0, 3, 9).astype(np.int32), noise


def trainer(watch: Any = ()) -> Any:
    weights, x, y, _ = given()
    made = adapters.load(Arm(name="r", adapter="reference", mode="numpy", precision="float64")).trainer(
        RECIPE, weights, STEPS, watch
    )
    made.bind(x, y)
    return made


ORDER = np.arange(STEPS * BATCH).reshape(STEPS, BATCH) % 9


@pytest.mark.parametrize("shape", [(5,), (3, 4), (3, 3, 2, 4)])
def test_the_pattern_is_a_product_exact_in_float32(shape: tuple[int, ...]) -> None:
    first, last = factors(shape)
    assert (first.size, last.size) == (np.prod(shape[:-1]), shape[-1])
    found = pattern(shape)
    assert found.shape == shape
    np.testing.assert_array_equal(found.reshape(first.size, last.size), first[:, None] * last)
    np.testing.assert_array_equal(found.astype(np.float32).astype(np.float64), found)


def test_the_factors_are_these() -> None:
    # A digest that was recorded must mean the same tomorrow.
    first, last = factors((2, 4))
    assert (256 * first).astype(int).tolist() == [-217, -208]
    assert (256 * last).astype(int).tolist() == [-136, 146, -142, 239]  # of the bytes 136, 18, 142, 111


def test_the_factors_are_balanced_and_know_no_neighbours() -> None:
    first, last = factors((4000, 6000))
    together = np.concatenate([last, first])
    assert (np.abs(together).min(), np.abs(together).max()) == (128 / 256, 255 / 256)
    for lag in (1, 2, 8):
        assert abs((together * np.roll(together, lag)).mean()) < 5 * (together**2).mean() / 100  # of 10,000
    assert abs(together.mean()) < 5 * together.std() / 100
    assert abs((together**2).mean() - PATTERN_SIZE) < 5 * (together**2).std() / 100


def test_a_projection_sees_what_a_norm_cannot() -> None:
    tensor = np.random.default_rng(0).normal(size=(6, 6))
    swapped = tensor.copy()
    swapped[[1, 4]] = tensor[[4, 1]]
    one = tensor.copy()
    one[0, 0], one[5, 3] = tensor[5, 3], tensor[0, 0]
    for other in (tensor.T, swapped, one, tensor[::-1], tensor[:, ::-1]):
        assert np.sort(other.ravel()).tolist() == np.sort(tensor.ravel()).tolist()
        assert abs((pattern(tensor.shape) * (other - tensor)).sum()) > 1e-3


def test_columns_name_kind_and_parameter() -> None:
    gradients = ["conv2d_1/kernel", "conv2d_1/bias", "batch_norm_1/gamma", "batch_norm_1/beta"]
    gradients += ["dense_1/kernel", "dense_1/bias"]
    assert columns(MODEL, ("clipped_norm",)) == tuple(f"clipped_norm/{name}" for name in gradients)
    weights = [p.name for p in MODEL.parameters()]
    assert set(weights) == {*gradients, "batch_norm_1/moving_mean", "batch_norm_1/moving_variance"}
    both = columns(MODEL, ("weight_norm", "gradient_projection"))
    assert both[: len(weights)] == tuple(f"weight_norm/{name}" for name in weights)
    assert both[len(weights) :] == tuple(f"gradient_projection/{name}" for name in gradients)


def test_the_reference_tells_of_each_step() -> None:
    """Gradients before the step's update and weights after it, taken step by step from a trainer that tells nothing."""
    *_, noise = given()
    result = trainer(WATCHED).train_epoch(ORDER, noise)
    told = dict(zip(columns(MODEL, WATCHED), result.watched.T, strict=True))
    assert trainer().train_epoch(ORDER, noise).watched is None

    alone, beside = trainer(), trainer()
    _, x, y, _ = given()
    for step, batch in enumerate(ORDER):
        drawn = {name: value[step] for name, value in noise.items()}
        beside.set_weights(alone.weights())
        _, gradients = beside.loss_and_gradients(x[batch], y[batch], drawn)
        alone.train_epoch(ORDER[step : step + 1], {name: value[step : step + 1] for name, value in noise.items()})
        for name, gradient in gradients.items():
            length = np.linalg.norm(gradient)
            close(told[f"gradient_norm/{name}"][step], length, gradient)
            close(told[f"clipped_norm/{name}"][step], min(length, 0.1), gradient)
            close(told[f"gradient_projection/{name}"][step], np.vdot(pattern(gradient.shape), gradient), gradient)
        for name, weight in alone.weights().items():
            close(told[f"weight_norm/{name}"][step], np.linalg.norm(weight), weight)
            close(told[f"weight_projection/{name}"][step], np.vdot(pattern(weight.shape), weight), weight)


def close(told: float, wanted: float, tensor: Any) -> None:
    """Two sums of the same numbers: each addition may round once."""
    assert abs(told - wanted) <= 2 * tensor.size * EPS * np.linalg.norm(tensor)


def test_layers_tell_their_outputs_in_training() -> None:
    weights, x, _, noise = given()
    drawn = {name: value[0] for name, value in noise.items()}
    found = trainer().layers(x[:BATCH], drawn)
    placed = MODEL.placed_layers()
    assert list(found) == [each.name for each in placed]
    assert [value.shape[1:] for value in found.values()] == [each.output_shape for each in placed]
    normalised = found["batch_norm_1"]
    assert np.abs(normalised.mean(axis=(0, 1, 2))).max() <= 64 * EPS  # by the batch, not by what is kept
    kept = found["flatten_1"] * drawn["dropout_1/mask"] / 0.5
    np.testing.assert_array_equal(found["dropout_1"], kept)
    out = kept @ weights["dense_1/kernel"] + weights["dense_1/bias"]
    assert np.abs(found["dense_1"] - out).max() <= 64 * EPS * np.abs(out).max()


def test_a_trainer_starts_anew() -> None:
    weights, *_, noise = given()
    one = trainer(WATCHED)
    first, slots = one.train_epoch(ORDER, noise), one.slots()
    after = one.weights()
    assert all(np.any(value) for value in slots.values())
    one.restart(weights)
    assert not any(np.any(value) for value in one.slots().values())
    np.testing.assert_array_equal(one.train_epoch(ORDER, noise).watched, first.watched)
    for found, wanted in ((one.weights(), after), (one.slots(), slots)):
        assert list(found) == list(wanted)
        assert all(found[name].tolist() == wanted[name].tolist() for name in wanted)


def test_replays_stop_at_any_milestones() -> None:
    adapter = adapters.load(Arm(name="r", adapter="reference", mode="numpy", precision="float64"))
    rng = np.random.default_rng(3)
    gradients, start = {"w": rng.normal(size=(9, 2))}, {"w": np.zeros(2)}
    every = [row[0]["w"].tolist() for row in adapter.replays([RECIPE.update], start, gradients, range(1, 10))]
    assert len(every) == 9
    some = [row[0]["w"].tolist() for row in adapter.replays([RECIPE.update], start, gradients, (2, 3, 7))]
    assert some == [every[1], every[2], every[6]]


def test_what_an_epoch_records() -> None:
    """A layer's norm is that of all its gradients; digests have a column for each parameter."""
    experiment = compose(["training.gradient_norms=true", "training.digests=true", "clipping=by_value"]).experiment
    watch = watch_of(experiment)
    assert sorted(watch) == sorted({*WATCHED} - {"weight_norm"})
    names = columns(experiment.model, watch)
    rows = np.arange(1.0, 1 + 3 * len(names)).reshape(3, -1)
    found = watched_of(experiment, [EpochResult(np.zeros(2), rows[:2]), EpochResult(np.zeros(1), rows[2:])])
    told = dict(zip(names, rows.T, strict=True))
    assert set(found) == {"gradient_norms", "clipped_norms", "digests"}
    for kind in ("gradient_norm", "clipped_norm"):
        for layer, lengths in found[f"{kind}s"].items():
            both = np.hypot(told[f"{kind}/{layer}/kernel"], told[f"{kind}/{layer}/bias"])
            np.testing.assert_array_almost_equal_nulp(np.array(lengths), both, 2)
    assert list(found["digests"]) == [name for name in names if name.startswith(DIGESTS)]
    assert all(found["digests"][name] == told[name].tolist() for name in found["digests"])
    plain = compose([]).experiment
    assert watch_of(plain) == ()
    assert watched_of(plain, [EpochResult(np.zeros(2))]) == {}


def test_what_is_of_weights_comes_first_and_else_the_order_stays() -> None:
    assert weights_first(WATCHED) == (
        "weight_norm",
        "weight_projection",
        "gradient_norm",
        "clipped_norm",
        "gradient_projection",
    )
    assert weights_first(DIGESTS[:1]) == ("gradient_projection",)
