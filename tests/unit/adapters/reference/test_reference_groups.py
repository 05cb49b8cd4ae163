"""The reference in groups: each parameter is updated as it would be alone; and what stays of frozen layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ensembles import UPDATES, adapter_of, batches, model_of, recipe_of, starts

from harness.spec.clipping import ByGlobalNorm
from harness.spec.groups import ParameterGroup
from harness.spec.layers import BatchNorm, Dense, Residual
from harness.spec.optimizers import Adamw, Sgd
from harness.spec.recipe import Update
from harness.spec.regularizers import L2
from harness.spec.schedules import Constant, PiecewiseConstant
from harness.spec.vocabulary import specimens
from harness.spec.weight_decay import NoWeightDecay

ORACLE = adapter_of("float64", "exact")
# Powers of two, so that the product with a rate is exact.
SLOW, FACTOR = 0.25, 0.5
GROUPS = (
    ParameterGroup(parameters=("a",), rate_factor=SLOW),
    ParameterGroup(parameters=("kernel",), weight_decay=FACTOR),
    ParameterGroup(parameters=("bias",), weight_decay=0.0),
)
NAMES = ("a/kernel", "a/bias", "b/kernel", "b/bias", "b/gamma")
WORDS: Any = [word for word in specimens("optimizer") if not word.groups]  # type: ignore[attr-defined]
DECAYS: Any = specimens("weight_decay")


def drawn() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    rng = np.random.default_rng(3)
    start = {name: rng.normal(size=(3, 2) if "kernel" in name else (2,)) for name in NAMES}
    return start, [{name: rng.normal(size=w.shape) for name, w in start.items()} for _ in range(12)]


def schedule(factor: float) -> PiecewiseConstant:
    rates = [0.1 / (update + 1) * factor for update in range(12)]
    return PiecewiseConstant(boundaries=tuple(range(1, 12)), values=tuple(rates), boundary="exclusive")


def as_if_alone(word: Any, decay: Any, name: str) -> Update:
    """The update of one parameter by itself, with what the groups state for it written out."""
    factor = {"kernel": FACTOR, "bias": 0.0}.get(name.rpartition("/")[2])
    changes = {} if factor is None else {"factor": factor, "decayed": "all"}
    word, decay = (each.model_copy(update=changes if hasattr(each, "factor") else {}) for each in (word, decay))
    rate = SLOW if name.startswith("a/") else 1.0
    return Update(optimizer=word, schedule=schedule(rate), weight_decay=decay)


@pytest.mark.parametrize(
    ("word", "decay"),
    [*((word, NoWeightDecay()) for word in WORDS), *((Sgd(), decay) for decay in DECAYS)],
    ids=lambda each: each.name_in_tables,
)
def test_each_parameter_is_updated_as_it_would_be_alone(word: Any, decay: Any) -> None:
    start, gradients = drawn()
    grouped = Update(optimizer=word.model_copy(update={"groups": GROUPS}), schedule=schedule(1), weight_decay=decay)
    *_, together = ORACLE.optimizer(grouped, start, gradients)
    for name in NAMES:
        own = [{name: each[name]} for each in gradients]
        *_, alone = ORACLE.optimizer(as_if_alone(word, decay, name), {name: start[name]}, own)
        np.testing.assert_array_equal(together[name], alone[name], err_msg=name)
    slots = ORACLE.slots_after(grouped, start, gradients)
    assert set(slots) == {f"{slot}/{name}" for slot in word.slot_names for name in NAMES}


def test_the_numbers_of_one_update() -> None:
    """w - r f / (1 + epsilon) with r f = 0.01, and before it, of the kernel alone, w (1 - 0.1 * 0.2)."""
    groups = (
        ParameterGroup(parameters=("bias",), rate_factor=0.1),
        ParameterGroup(parameters=("*",), weight_decay=0.2),
    )
    word = Adamw(factor=0.01, epsilon=1e-12, groups=(ParameterGroup(parameters=("bias",), weight_decay=0.0), *groups))
    one = {"a/kernel": np.ones((1, 1)), "a/bias": np.ones(1)}
    (after,) = ORACLE.optimizer(Update(optimizer=word, schedule=Constant(rate=0.1)), one, [one])
    assert abs(after["a/kernel"].item() - (0.98 - 0.1)) < 1e-9
    assert abs(after["a/bias"].item() - (1 - 0.01)) < 1e-9


def frozen_model(**statistics: Any) -> Any:
    dense = Dense(units=5, activation="tanh", kernel_initializer="he_normal")
    inner = Residual(layers=(dense.model_copy(update={"units": 5}), BatchNorm(momentum=0.5, **statistics)))
    return model_of(dense, inner.frozen, shape=(6,))


@pytest.mark.parametrize("statistics", ["moving", "batch"])
def test_nothing_moves_in_a_frozen_layer_but_statistics_of_the_batch(statistics: str) -> None:
    recipe = recipe_of(
        frozen_model(frozen_statistics=statistics),
        optimizer=Adamw(factor=0.1, decayed="all"),
        clipping=ByGlobalNorm(bound=0.1),
        regularizer=L2(l2=0.1),
    )
    start = starts(recipe.model)[0]
    trainer = ORACLE.trainer(recipe, start, UPDATES)
    for x, y, noise in batches(recipe.model):
        trainer.bind(x, y)
        trainer.train_epoch(np.arange(len(x))[None], {name: value[None] for name, value in noise.items()})
    moved = {name for name, value in trainer.weights().items() if np.any(value != start[name])}
    trained = {p.name for p in recipe.model.parameters() if p.trainable}
    kept = {p.name for p in recipe.model.parameters() if p.name.endswith(("moving_mean", "moving_variance"))}
    assert len(kept) == 2
    assert moved == trained | (kept if statistics == "batch" else set())


def test_a_frozen_batch_norm_computes_in_training_what_it_computes_in_evaluation() -> None:
    recipe = recipe_of(frozen_model())
    x, _, _ = batches(recipe.model)[0]
    trainer = ORACLE.trainer(recipe, {n: w + 0.25 for n, w in starts(recipe.model)[0].items()}, UPDATES)
    *_, last = trainer.layers(x).values()
    np.testing.assert_array_equal(last, trainer.forward(x))


def test_frozen_parameters_are_in_no_gradient_norm_and_no_penalty() -> None:
    """The gradients of the others are those without freezing; the loss lacks the penalty of the frozen kernels."""
    model = model_of(
        Dense(units=5, kernel_initializer="he_normal"), Dense(units=4, kernel_initializer="he_normal"), shape=(6,)
    )
    layers = (model.layers[0].frozen, *model.layers[1:])
    frozen = model.model_copy(update={"layers": layers})
    start = starts(model)[0]
    x, y, _ = batches(model)[0]
    (loss, gradients), (least, fewer) = (
        ORACLE.trainer(recipe_of(each, regularizer=L2(l2=0.5)), start, UPDATES).loss_and_gradients(x, y)
        for each in (model, frozen)
    )
    assert set(gradients) - set(fewer) == {"dense_1/kernel", "dense_1/bias"}
    for name, gradient in fewer.items():
        np.testing.assert_array_equal(gradient, gradients[name], err_msg=name)
    penalty = 0.5 * float(np.square(np.float64(start["dense_1/kernel"])).sum())
    assert abs((loss - least) - penalty) < 1e-12 * abs(loss)
