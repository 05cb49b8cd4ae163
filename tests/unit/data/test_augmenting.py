"""Augmentation: the moves belong to the plan, the pixels follow from them alone, and everyone sees the same ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

import adapters
from harness.data import Dataset
from harness.data.augmenting import augmented
from harness.judging.context import Context
from harness.plan import Plan, draw_augmentation, draw_plan
from harness.rungs.trajectory import free_run
from harness.spec import Arm, Experiment
from harness.spec.augmentation import Augmentation
from harness.spec.data import Mnist5k
from harness.worker.session import Session
from harness.worker.sharing import share
from harness.worker.training import run_training

Build = Callable[..., Experiment]
ALL = {"shift": 3, "rotate": 20.0, "flip": True}
# Of the small experiment with 40 samples, as it was before there was any augmentation.
PLAIN_DIGEST = "7fc7c493a6d0f11854cbcc0d38402c3b3e247c38260271ded1b02e264c2cbc85"
# What the arithmetic of a pixel can lose: a few operations on numbers up to 255, at places up to 64.
ROUNDING = 255 * 64 * 16 * np.finfo(np.float64).eps


def moves(count: int, shift: Any = (0, 0), angle: Any = 0.0, flip: Any = 0) -> dict[str, Any]:
    turn = np.stack([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))], axis=-1)
    return {
        "shift": np.broadcast_to(np.asarray(shift, np.int8), (count, 2)),
        "turn": np.broadcast_to(turn, (count, 2)),
        "flip": np.broadcast_to(np.asarray(flip, np.uint8), (count,)),
    }


@pytest.fixture(scope="module")
def images() -> Any:
    return np.random.default_rng(5).integers(0, 256, (12, 28, 28, 1), np.uint8)


# --- Pixels ----------------------------------------------------------------------------------------------------------


def slow(image: Any, down: int, right: int, cosine: float, sine: float, flip: int) -> Any:
    """Pixel by pixel: those of the image weigh by their distance from the place that is looked up."""
    source = image[:, ::-1] if flip else image
    made = np.zeros((28, 28))
    for row, column in itertools.product(range(28), range(28)):
        across, up = column - right - 13.5, 13.5 - (row - down)
        # Turned back, so clockwise.
        x, y = cosine * across + sine * up, -sine * across + cosine * up
        at_row, at_column = 13.5 - y, 13.5 + x
        near = (range(max(0, int(at) - 2), min(28, int(at) + 4)) for at in (at_row, at_column))
        for r, c in itertools.product(*near):
            weight = max(0.0, 1 - abs(at_row - r)) * max(0.0, 1 - abs(at_column - c))
            if weight:
                made[row, column] += weight * source[r, c]
    return made


def test_pixels_are_those_of_a_slow_version() -> None:
    image = np.random.default_rng(6).integers(0, 256, (28, 28), np.uint8)
    drawn = draw_augmentation(Augmentation(shift=5, rotate=60, flip=True), 1, 4, 2)[0]
    assert len(set(drawn["flip"].tolist())) == 2
    made = augmented(np.stack([image] * 4)[..., None], drawn)[..., 0]
    for number in range(4):
        wanted = slow(image, *drawn["shift"][number], *map(float, drawn["turn"][number]), drawn["flip"][number])
        assert np.max(np.abs(made[number] - wanted)) <= 0.5 + ROUNDING


def test_pixels_are_those_of_scipy(images: Any) -> None:
    drawn = draw_augmentation(Augmentation(shift=4, rotate=45), 1, 12, 1)[0]
    made = augmented(images, drawn)
    for image, out, shift, (cosine, sine) in zip(
        images, made, drawn["shift"], drawn["turn"].astype(float), strict=True
    ):
        back = np.array([[cosine, sine], [-sine, cosine]])
        offset = 13.5 - back @ (13.5 + shift)
        wanted = ndimage.affine_transform(image[..., 0].astype(float), back, offset, order=1, mode="grid-constant")
        assert np.max(np.abs(out[..., 0] - wanted)) <= 0.5 + ROUNDING


def test_a_shift_moves_down_and_right_and_zeros_come_in(images: Any) -> None:
    made = augmented(images, moves(12, shift=(2, -3)))
    assert np.array_equal(made[:, 2:, :-3], images[:, :-2, 3:])
    assert not made[:, :2].any()
    assert not made[:, :, -3:].any()


def test_a_flip_is_left_to_right(images: Any) -> None:
    flips = np.arange(12) % 2
    made = augmented(images, moves(12, flip=flips))
    assert np.array_equal(made[1::2], images[1::2, :, ::-1])
    assert np.array_equal(made[::2], images[::2])


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_quarter_turns_are_counter_clockwise(images: Any, quarters: int) -> None:
    drawn = moves(12)
    drawn["turn"] = np.broadcast_to(np.array([(0, 1), (-1, 0), (0, -1)][quarters - 1], np.float32), (12, 2))
    assert np.array_equal(augmented(images, drawn), np.rot90(images, quarters, axes=(1, 2)))


def test_a_flip_comes_before_a_turn_and_a_turn_before_a_shift(images: Any) -> None:
    drawn = {**moves(12, shift=(0, 4), flip=1), "turn": np.broadcast_to(np.array((0, 1), np.float32), (12, 2))}
    wanted = np.rot90(images[:, :, ::-1], axes=(1, 2))
    made = augmented(images, drawn)
    assert np.array_equal(made[:, :, 4:], wanted[:, :, :-4])


def test_what_is_turned_out_of_the_frame_can_be_shifted_back() -> None:
    corner = np.zeros((1, 28, 28, 1), np.uint8)
    corner[0, :3, :3] = 200
    # The upper left corner then lies to the left of the frame.
    assert not augmented(corner, moves(1, angle=45.0)).any()
    assert not augmented(corner, moves(1, angle=45.0, shift=(8, 0))).any()
    assert augmented(corner, moves(1, angle=45.0, shift=(0, 8))).max() > 100


def test_every_row_of_many_is_treated_alike(images: Any) -> None:
    many = np.concatenate([images] * 100)
    drawn = draw_augmentation(Augmentation(**ALL), 1, len(many), 3)[0]
    made = augmented(many, drawn)
    for number in (0, 499, 500, 501, 1199):
        one = {name: rows[number : number + 1] for name, rows in drawn.items()}
        assert np.array_equal(made[number : number + 1], augmented(many[number : number + 1], one))


# --- Draws -----------------------------------------------------------------------------------------------------------


def test_draws_are_of_the_stated_distributions() -> None:
    drawn = draw_augmentation(Augmentation(shift=2, rotate=30, flip=True), 1, 20_000, 0)[0]
    assert {name: (rows.dtype.name, rows.shape) for name, rows in drawn.items()} == {
        "shift": ("int8", (20_000, 2)),
        "turn": ("float32", (20_000, 2)),
        "flip": ("uint8", (20_000,)),
    }
    angle = np.rad2deg(np.arctan2(drawn["turn"][:, 1], drawn["turn"][:, 0]))
    assert np.max(np.abs(angle)) <= 30 * (1 + np.finfo(np.float32).eps * 4)
    # Each mean is within five standard errors of its own.
    assert abs(angle.mean()) < 5 * 30 / np.sqrt(3 * 20_000)
    assert abs(angle.std() - 30 / np.sqrt(3)) < 5 * 30 / np.sqrt(20_000)
    assert abs(drawn["flip"].mean() - 0.5) < 5 * 0.5 / np.sqrt(20_000)
    for axis in (0, 1):
        shares = np.bincount(drawn["shift"][:, axis] + 2, minlength=5) / 20_000
        assert np.all(np.abs(shares - 0.2) < 5 * np.sqrt(0.2 * 0.8 / 20_000))


def test_nothing_moves_where_nothing_is_asked_for(images: Any) -> None:
    drawn = draw_augmentation(Augmentation(), 1, 12, 0)[0]
    assert np.array_equal(augmented(images, drawn), images)


def test_one_kind_of_move_does_not_change_the_others() -> None:
    both = draw_augmentation(Augmentation(shift=2, rotate=30), 2, 50, 0)
    more = draw_augmentation(Augmentation(shift=2, rotate=30, flip=True), 3, 50, 0)
    for epoch in range(2):
        assert np.array_equal(both[epoch]["shift"], more[epoch]["shift"])
        assert np.array_equal(both[epoch]["turn"], more[epoch]["turn"])
    assert not np.array_equal(more[0]["shift"], more[1]["shift"])
    assert not np.array_equal(more[0]["turn"], draw_augmentation(Augmentation(rotate=30), 1, 50, 1)[0]["turn"])


# --- The plan --------------------------------------------------------------------------------------------------------


def test_a_plan_without_augmentation_is_what_it_was(experiment_of: Build) -> None:
    plan = draw_plan(experiment_of(), 40)
    assert plan.digest == PLAIN_DIGEST
    assert plan.augmentation == ()
    assert draw_plan(experiment_of(data={"kind": "mnist5k", "normalisation": "standardise"}), 40).digest == PLAIN_DIGEST


def test_augmentation_changes_the_digest_and_nothing_else(experiment_of: Build) -> None:
    plain = draw_plan(experiment_of(), 40)
    plans = [
        draw_plan(experiment_of(data={"kind": "mnist5k", "augmentation": augmentation}), 40)
        for augmentation in (ALL, {**ALL, "shift": 2}, {**ALL, "rotate": 20.5}, {**ALL, "flip": False}, {})
    ]
    assert len({plan.digest for plan in (plain, *plans)}) == 6
    for plan in plans:
        assert [order.tolist() for order in plan.orders] == [order.tolist() for order in plain.orders]
        assert all(np.array_equal(plan.weights[name], plain.weights[name]) for name in plain.weights)


def test_a_plan_keeps_its_moves_on_disk(experiment_of: Build, tmp_path: Path) -> None:
    plan = draw_plan(experiment_of(data={"kind": "mnist5k", "augmentation": ALL}), 40)
    plan.save(tmp_path / "plan.npz")
    loaded = Plan.load(tmp_path / "plan.npz")
    assert loaded.digest == plan.digest
    assert len(loaded.augmentation) == 4
    with np.load(tmp_path / "plan.npz") as file:
        arrays = {name: file[name] for name in file.files}
    arrays["augmentation/2/flip"] = 1 - arrays["augmentation/2/flip"]
    np.savez(tmp_path / "plan.npz", **arrays)
    assert Plan.load(tmp_path / "plan.npz").digest != plan.digest


# --- What is seen ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def context(experiment_of: Build, noise: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Context:
    experiment = experiment_of(data={"kind": "mnist5k", "augmentation": ALL, "normalisation": "none"})
    scratch = tmp_path_factory.mktemp("scratch")
    context = Context(experiment, draw_plan(experiment, len(noise.x_train)), noise, scratch)
    share(scratch, experiment, context.plan, noise)
    return context


def session(context: Context, precision: Any = "float64") -> Session:
    arm = Arm(name="one", adapter="reference", mode="numpy", precision=precision, realisation="exact")
    made = Session(adapters.load(arm), lambda *_, **__: None)
    return made.at(str(context.scratch))


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_arm_sees_the_same_pixels_as_the_reference(context: Context, noise: Dataset, precision: Any) -> None:
    arm = session(context, precision)
    epochs = [augmented(noise.x_train, drawn) for drawn in context.plan.augmentation]
    assert not np.array_equal(epochs[0], epochs[1])
    for batch in context.plan.batches(context.plan.steps):
        wanted = epochs[batch.epoch][batch.samples]
        for samples, labels in (arm.batch(batch), context.samples(batch, precision)):
            assert samples.dtype == np.dtype(precision)
            assert np.array_equal(samples, wanted)
            assert np.array_equal(labels, noise.y_train[batch.samples])
    for number, wanted in enumerate(epochs):
        assert np.array_equal(arm.epoch(number)[0], wanted)
    assert np.array_equal(arm.test_set()[0], noise.x_test)


def test_the_training_sees_what_the_rungs_see(context: Context, tmp_path: Path) -> None:
    losses: list[float] = []

    def send(event: str, **fields: Any) -> None:
        losses.extend(fields.get("losses", ()))

    run_training(session(context), send, str(tmp_path))
    steps = context.plan.steps
    assert len(losses) == steps
    assert losses == free_run(context, context.oracle, steps).tolist()


def test_the_specs_limits() -> None:
    assert Mnist5k().augmentation is None
    assert Mnist5k.model_validate({"augmentation": {"flip": True}}).augmentation == Augmentation(flip=True)
    for wrong in ({"shift": 28}, {"shift": -1}, {"rotate": 181}, {"rotate": float("nan")}, {"zoom": 2}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Augmentation.model_validate(wrong)
