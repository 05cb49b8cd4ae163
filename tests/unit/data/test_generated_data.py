"""The tasks with values for targets: by their formulas, from their seeds, exact in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.data import DataError, Dataset, load
from harness.data.targets import DOMAINS, outside_domain
from harness.spec.base import family_members
from harness.spec.data import Data, Polynomial, Sales
from harness.spec.losses import Loss

TASKS = [Sales(), Sales(samples=5, seed=9), Polynomial(), Polynomial(scaling=False), Polynomial(train_size=3, seed=4)]


def values(**changed: Any) -> Dataset:
    arrays = {
        "x_train": np.zeros((3, 2)),
        "y_train": np.ones((3, 1)),
        "x_test": np.zeros((2, 2)),
        "y_test": np.ones((2, 1)),
        "source": "a test",
        "sample_shape": (2,),
        "classes": None,
    }
    return Dataset(**(arrays | changed))


# --- Formulas --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", TASKS, ids=repr)
def test_every_number_is_exact_in_float32_and_of_the_stated_shape(spec: Data) -> None:
    data = load(spec)
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        assert x.shape == (len(x), *spec.sample_shape)
        assert y.shape == (len(x), *spec.target_shape)
        for array in (x, y):
            assert array.dtype == np.float64
            assert np.array_equal(array, array.astype(np.float32))


@pytest.mark.parametrize("spec", TASKS, ids=repr)
def test_a_task_is_its_seed(spec: Data) -> None:
    assert load(spec).digest == load(spec).digest
    assert load(spec.model_copy(update={"seed": 123})).digest != load(spec).digest


def test_sales_by_its_formula() -> None:
    data = load(Sales())
    assert data.x_train.shape == (32, 2)
    assert data.x_train.min() >= 0
    assert data.x_train.max() < 1
    noise = data.y_train[:, 0] - data.x_train[:, 0] - data.x_train[:, 1]
    assert np.max(np.abs(noise)) <= 0.05 + np.finfo(np.float32).eps  # of a target below 2.05, rounded
    assert np.ptp(noise) > 0.05
    assert np.array_equal(data.x_test, data.x_train)
    assert np.array_equal(data.y_test, data.y_train)


def test_sales_without_noise_is_a_sum() -> None:
    data = load(Sales(noise=0, samples=100))
    wanted = (data.x_train[:, 0] + data.x_train[:, 1]).astype(np.float32)
    assert np.array_equal(data.y_train[:, 0], wanted)


def curve(x: Any) -> Any:
    u = (x - 50) / 50
    return 4 * u**3 - 3 * u


def test_polynomial_by_its_formula() -> None:
    data = load(Polynomial(scaling=False))
    assert data.x_train.shape == (20, 1)
    assert data.x_train.min() >= 0
    assert data.x_train.max() < 100
    assert np.allclose(data.x_test[:, 0], np.arange(200) * 100 / 199, rtol=np.finfo(np.float32).eps, atol=0)
    near = 8 * np.finfo(np.float32).eps
    assert np.max(np.abs(data.y_test - curve(data.x_test))) <= near
    noise = data.y_train - curve(data.x_train)
    assert 0 < np.abs(noise).max() < 5 * 0.2
    assert abs(noise.std() - 0.2) < 5 * 0.2 / np.sqrt(2 * 20)
    exact = load(Polynomial(scaling=False, noise=0))
    assert np.array_equal(exact.x_train, data.x_train)
    assert np.max(np.abs(exact.y_train - curve(exact.x_train))) <= near


def test_scaling_changes_the_features_alone() -> None:
    scaled, plain = load(Polynomial()), load(Polynomial(scaling=False))
    for part in ("train", "test"):
        x, u = getattr(plain, f"x_{part}"), getattr(scaled, f"x_{part}")
        assert np.array_equal(u, ((x - 50) / 50).astype(np.float32))
        assert np.array_equal(getattr(plain, f"y_{part}"), getattr(scaled, f"y_{part}"))
    assert np.abs(scaled.x_test).max() == 1


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"x_train": np.array([[0, 1], [0, np.nan], [1, 1]])}, "x_train: nan in sample 1; expected finite numbers"),
        ({"x_test": np.full((2, 2), np.inf)}, "x_test: inf in sample 0, and in 1 more; expected finite numbers"),
        ({"y_train": np.array([[1], [2], [np.nan]])}, "y_train: nan in sample 2; expected finite numbers"),
        ({"y_test": np.array([[0.5], [0.1]])}, "y_test: 0.1 in sample 1 is not exact in float32"),
        ({"x_train": np.full((3, 2), 1e300)}, "x_train: 1e+300 in sample 0 is not exact in float32"),
        ({"x_train": np.zeros((3, 4))}, "x_train: float64 of shape (3, 4), expected float64 of shape (N, 2)"),
        ({"x_train": np.zeros((3, 2), np.float32)}, "x_train: float32 of shape (3, 2), expected float64"),
        ({"y_train": np.ones(3)}, "y_train: of shape (3,), expected (N, values)"),
        ({"y_test": np.ones((2, 1), np.int32)}, "y_test: int32 of shape (2, 1), expected float64"),
        ({"y_train": np.ones((4, 1))}, "train: 3 samples but 4 targets"),
        ({"x_test": np.zeros((0, 2)), "y_test": np.ones((0, 1))}, "x_test: no samples"),
    ],
)
def test_wrong_values_are_refused_by_name_and_sample(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        values(**changed)
    assert said in str(caught.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(DataError) as caught:
        values(x_train=np.full((3, 2), np.nan), y_test=np.array([[np.inf], [0]]))
    assert str(caught.value).splitlines()[1:] == [
        "  - x_train: nan in sample 0, and in 2 more; expected finite numbers",
        "  - y_test: inf in sample 0; expected finite numbers",
    ]


# --- Domains of losses -----------------------------------------------------------------------------------------------


def loss_of(domain: str) -> Loss:
    return next(member.specimens()[0] for member in family_members(Loss) if member.targets_domain == domain)  # type: ignore[attr-defined]


IN = {
    "nonnegative": [[0, 3], [1, 2]],
    "probabilities": [[0, 1], [0.5, 0.25]],
    "distribution": [[0.25, 0.75], [1, 0]],
    "one_hot": [[0, 1], [1, 0]],
    "signs": [[-1, 1], [1, 1]],
}
OUT = {
    "nonnegative": [0, -0.5],
    "probabilities": [0, 1.5],
    "distribution": [0.25, 0.5],
    "one_hot": [0.5, 0.5],
    "signs": [0, 1],
}


@pytest.mark.parametrize("domain", sorted(DOMAINS))
def test_targets_outside_a_losss_domain_are_told_by_sample(domain: str) -> None:
    loss = loss_of(domain)
    good = np.array(IN[domain], np.float64)
    assert outside_domain(values(y_train=good[[0, 1, 0]], y_test=good), loss) == []
    bad = np.array([*IN[domain], OUT[domain]], np.float64)
    (said,) = outside_domain(values(y_train=bad, y_test=good), loss)
    assert said.startswith("y_train: target [")
    assert "of sample 2 is not" in said
    assert loss.word() in said
    (said,) = outside_domain(values(y_train=bad[[0, 1, 0]], y_test=bad[[2, 2]]), loss)
    assert said.startswith("y_test")
    assert "(nor 1 more)" in said


def test_rounded_shares_are_a_distribution() -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(7), 50).astype(np.float32).astype(np.float64)
    assert np.any(shares.sum(axis=1) != 1)
    data = values(x_train=np.zeros((50, 2)), y_train=shares, y_test=shares[:2])
    assert outside_domain(data, loss_of("distribution")) == []


def test_labels_fit_every_loss(noise: Dataset) -> None:
    for member in family_members(Loss):
        assert outside_domain(noise, member.specimens()[0]) == []  # type: ignore[arg-type]


def test_every_domain_is_known() -> None:
    assert {member.targets_domain for member in family_members(Loss)} - {"any"} == set(DOMAINS)  # type: ignore[attr-defined]
