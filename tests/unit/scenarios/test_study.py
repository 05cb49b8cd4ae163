"""Studies: variants come from overrides, and what must hold between them, and of each, is judged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from composing import write
from made_up_traces import trace

from harness.composition import UserMistake, compose_study
from harness.data import Dataset
from harness.judging.context import Context
from harness.plan import draw_plan
from harness.records import exit_codes
from harness.rungs import expected
from harness.rungs.whole_run import whole_run
from harness.scenarios.study import Study
from harness.spec import Experiment
from harness.spec.expectations import AccuracyBetween, LossBetween, NearReference, Ordering, WeightsBetween
from harness.spec.optimizers import Adam, Sgd

Build = Callable[..., Experiment]
MINE = """
# @package _global_
# Two ways.
name: mine
training:
  epochs: 2
variants:
  slow: [optimizer=sgd, training.epochs=7]
  fast: [optimizer=adam]
orderings:
  - {better: fast, than: slow, by: 0.1}
"""


@pytest.fixture
def mine(tmp_path: Path) -> tuple[Path, ...]:
    return (write(tmp_path, {"experiment/mine.yaml": MINE.strip() + "\n"}),)


# --- Composition -----------------------------------------------------------------------------------------------------


def test_an_experiment_without_variants_is_a_study_of_one() -> None:
    study = compose_study([])
    assert study.is_single
    assert [composed.experiment.variant for composed in study.variants] == [None]


def test_each_variant_has_its_own_overrides(mine: tuple[Path, ...]) -> None:
    study = compose_study(["experiment=mine"], mine)
    slow, fast = (composed.experiment for composed in study.variants)
    assert not study.is_single
    assert (slow.variant, fast.variant) == ("slow", "fast")
    assert (slow.optimizer, type(fast.optimizer)) == (Sgd(), Adam)
    assert (slow.training.epochs, fast.training.epochs) == (7, 2)
    assert study.orderings == (Ordering(better="fast", than="slow", by=0.1),)


def test_what_is_typed_has_the_last_word(mine: tuple[Path, ...]) -> None:
    study = compose_study(["experiment=mine", "training.epochs=3"], mine)
    assert [composed.experiment.training.epochs for composed in study.variants] == [3, 3]


def test_one_variant_alone(mine: tuple[Path, ...]) -> None:
    study = compose_study(["experiment=mine", "variant=fast"], mine)
    assert [composed.experiment.variant for composed in study.variants] == ["fast"]
    dropped = compose_study(["experiment=mine", "~variants.slow"], mine)
    assert [composed.experiment.variant for composed in dropped.variants] == ["fast"]
    assert dropped.orderings == ()


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("variant=fst", "variant=fst: there is no such variant; did you mean variant=fast? Allowed: fast, slow"),
        ("variants.slow=3", "variants.slow: given 3; allowed: a list of overrides, each as it would be typed"),
        ("variants=3", "variants: given 3; allowed: a mapping from names to lists of overrides"),
        ("variants.slow=['optimizer=sdg']", "variant slow: optimizer=sdg: there is no such optimizer"),
    ],
)
def test_mistakes_in_variants(mine: tuple[Path, ...], override: str, said: str) -> None:
    with pytest.raises(UserMistake) as caught:
        compose_study(["experiment=mine", override], mine)
    assert any(mistake.startswith(said) for mistake in caught.value.mistakes), caught.value.mistakes


# --- Between the variants --------------------------------------------------------------------------------------------


def study(
    accuracies: dict[str, float], ordering: Ordering, status: str = "complete", max_steps: int | None = None
) -> Study:
    runs: list[Any] = [
        SimpleNamespace(
            experiment=SimpleNamespace(variant=name, rungs=(), training=SimpleNamespace(max_steps=max_steps)),
            traces={"one": trace("one", status, accuracy=value)},
            verdicts=[],
            unfinished=None,
        )
        for name, value in accuracies.items()
    ]
    return Study("made_up", runs, (ordering,), Path())


@pytest.mark.parametrize(
    ("better", "by", "status"), [(0.9, 0.1, "agrees"), (0.9, 0.5, "diverges"), (0.3, 0.0, "diverges")]
)
def test_orderings_are_judged_in_every_arm(better: float, by: float, status: str) -> None:
    made = study({"a": better, "b": 0.5}, Ordering(better="a", than="b", by=by))
    (verdict,) = made.verdicts()
    assert (verdict.status, verdict.arm_a, verdict.value_a, verdict.value_b) == (status, "one", better, 0.5)
    assert made.exit_code([verdict]) == (exit_codes.AGREES if status == "agrees" else exit_codes.DIVERGES)


def test_a_lower_loss_is_better() -> None:
    made = study({"a": 0.9, "b": 0.5}, Ordering(better="a", than="b", by=0.1, measure="test_loss"))
    better, worse = (run.traces["one"] for run in made.runs)
    lower = better.epochs[0].model_copy(update={"test_loss": worse.epochs[0].test_loss - 0.2})
    assert [verdict.status for verdict in made.verdicts()] == ["diverges"]
    made.runs[0].traces["one"] = better.model_copy(update={"epochs": (lower,)})
    assert [verdict.status for verdict in made.verdicts()] == ["agrees"]


def test_nothing_is_said_of_what_did_not_finish() -> None:
    assert study({"a": 0.9, "b": 0.5}, Ordering(better="a", than="b"), "crashed").verdicts() == []
    assert study({"a": 0.9}, Ordering(better="a", than="b")).verdicts() == []
    assert study({"a": 0.9, "b": 0.5}, Ordering(better="a", than="b"), max_steps=3).verdicts() == []


def test_a_measure_that_was_not_taken_is_no_agreement() -> None:
    ordering = Ordering(better="a", than="b", measure="first_to_last_gradient")
    assert [verdict.status for verdict in study({"a": 0.9, "b": 0.5}, ordering).verdicts()] == ["diverges"]


# --- Of each variant -------------------------------------------------------------------------------------------------


def judged(experiment: Experiment, noise: Dataset, tmp_path: Path, wanted: Any, weights: Any, **changed: Any) -> Any:
    context = Context(
        experiment.model_copy(update={"expected": (wanted,)}),
        draw_plan(experiment, len(noise.x_train)),
        noise,
        tmp_path,
    )
    (verdict,) = expected.judge_traces(context, [trace("one", **changed), trace("two", "crashed")], {"one": weights})
    return verdict


@pytest.mark.parametrize(
    ("wanted", "weights", "status"),
    [
        (AccuracyBetween(low=0.5), {}, "agrees"),
        (AccuracyBetween(low=0.51), {}, "diverges"),
        (AccuracyBetween(high=0.49), {}, "diverges"),
        (LossBetween(high=0.7), {}, "agrees"),
        (LossBetween(high=0.69), {}, "diverges"),
        (WeightsBetween(parameter="w", low=1.0), {"w": np.array([1.0, 2.0])}, "agrees"),
        (WeightsBetween(parameter="w", low=1.0, high=1.5), {"w": np.array([1.0, 2.0])}, "diverges"),
        (WeightsBetween(parameter="w", low=1.0), {"w": np.array([1.0, np.nan])}, "diverges"),
        (WeightsBetween(parameter="w", low=1.0), {"v": np.array([1.0])}, "diverges"),
    ],
    ids=str,
)
def test_expectations(
    experiment_of: Build, noise: Dataset, tmp_path: Path, wanted: Any, weights: Any, status: str
) -> None:
    assert judged(experiment_of(), noise, tmp_path, wanted, weights).status == status


def test_nothing_is_expected_of_a_training_cut_short(experiment_of: Build, noise: Dataset, tmp_path: Path) -> None:
    wanted = AccuracyBetween(low=0.99)
    short = experiment_of(training={"epochs": 4, "batch_size": 10, "max_steps": 3}, expected=[wanted])
    context = Context(short, draw_plan(short, len(noise.x_train)), noise, tmp_path)
    assert expected.judge_traces(context, [trace("one")], {}) == []
    assert judged(experiment_of(), noise, tmp_path, wanted, {}).status == "diverges"


def test_final_weights_are_held_to_the_reference(experiment_of: Build, noise: Dataset, tmp_path: Path) -> None:
    experiment = experiment_of(training={"epochs": 2, "batch_size": 10})
    plan = draw_plan(experiment, len(noise.x_train))
    context = Context(experiment, plan, noise, tmp_path)
    trainer = context.trainer(context.oracle, plan.steps)
    for batch in context.batches(plan.steps):
        trainer.bind(*context.samples(batch))
        trainer.train_epoch(np.arange(len(batch.samples))[None])
    ended = trainer.weights()
    wanted = NearReference(within=1e-12)
    assert judged(experiment, noise, tmp_path, wanted, ended).status == "agrees"
    moved = {name: value.copy() for name, value in ended.items()}
    moved["dense_1/bias"][3] += 2e-12
    verdict = judged(experiment, noise, tmp_path, wanted, moved)
    assert (verdict.status, verdict.cause.split()[0]) == ("diverges", "dense_1/bias")
    assert judged(experiment, noise, tmp_path, wanted, {}).status == "diverges"


def test_a_limit_cycle_is_no_slow_way_to_a_point(experiment_of: Build, tmp_path: Path) -> None:
    """Gradient descent on |w x - y| hops over the kink for ever; on its square it only comes nearer."""
    x = np.linspace(0.5, 1, 16, dtype=np.float32)[:, None].astype(np.float64)
    y = (0.7 * x).astype(np.float32).astype(np.float64)
    points = Dataset(x, y, x, y, "a line", (1,), None)
    layer = {"kind": "dense", "units": 1, "use_bias": False, "kernel_initializer": "zeros"}
    found = {}
    for loss in ("mean_absolute_error", "mean_squared_error"):
        experiment = experiment_of(
            data="polynomial",
            model={"input": {"shape": [1]}, "layers": [layer]},
            loss=loss,
            optimizer="sgd",
            schedule={"kind": "constant", "rate": 0.01},
            training={"epochs": 1, "passes_per_epoch": 200, "batch_size": 16},
        )
        context = Context(experiment, draw_plan(experiment, 16), points, tmp_path)
        found[loss] = whole_run(context).oscillates("dense_1/kernel")
        ended = whole_run(context).final["dense_1/kernel"]
        hop = {"dense_1/kernel": ended + np.where(ended > 0.7, -0.004, 0.004)}
        met = judged_in(context, NearReference(within=1e-6), hop)
        assert met == ("agrees" if loss == "mean_absolute_error" else "diverges")
    assert found == {"mean_absolute_error": True, "mean_squared_error": False}


def judged_in(context: Context, wanted: Any, weights: Any) -> str:
    context = Context(
        context.experiment.model_copy(update={"expected": (wanted,)}), context.plan, context.data, context.scratch
    )
    (verdict,) = expected.judge_traces(context, [trace("one")], {"one": weights})
    return verdict.status
