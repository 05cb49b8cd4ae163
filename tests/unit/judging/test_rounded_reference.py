"""Arms in mixed precision: right ones agree whatever order their kernels round in, and typical mistakes are named."""

import numpy as np
import pytest
from in_process import InProcess, arm, climb, laid_out

from adapters.reference import rounding
from adapters.reference.trainer import ReferenceTrainer
from harness.spec.experiment import Experiment

DENSE = {"kind": "dense", "kernel_initializer": "xavier_uniform", "bias_initializer": "zeros"}
STATED = {
    "name": "mixed",
    "seed": 0,
    "data": "mnist5k",
    "loss": "softmax_cross_entropy",
    "optimizer": "adam",
    "schedule": {"kind": "constant", "rate": 0.001},
    "training": {"epochs": 1, "batch_size": 32, "max_steps": 6},
    "rungs": ["layer", "loss", "optimizer", "model", "step", "trajectory"],
    "model": {
        "input": {"shape": [28, 28, 1]},
        "layers": [{"kind": "flatten"}, {**DENSE, "units": 12, "activation": "relu"}, {**DENSE, "units": 10}],
    },
}


class OtherOrder(InProcess):
    """An arm `b` whose kernels round other numbers up or down than those of the reference."""

    def ask(self, task, changes=None, **payload):
        with rounding.at_random(7 if self.arm.name == "b" else 0):
            return super().ask(task, changes, **payload)


def with_trainer(trainer):
    """Workers of which arm `b` trains with this class."""

    class Faulty(InProcess):
        def __init__(self, arm, scratch):
            super().__init__(arm, scratch)
            adapter = self.session.adapter
            if arm.name == "b":
                adapter.trainer = lambda recipe, weights, horizon, watch=(): trainer(
                    recipe,
                    adapter._optimizer(recipe.update, horizon),
                    weights,
                    adapter.precision,
                    watch,
                    adapter.half,
                    adapter.loss_scale,
                )

    return Faulty


class HalfWeights(ReferenceTrainer):
    """Keeps its weights in 16 bits."""

    def set_weights(self, weights):
        super().set_weights({name: rounding.nearest(value, self.half) for name, value in weights.items()})


class HalfUpdates(ReferenceTrainer):
    """Takes float32 weights, and rounds them to 16 bits after each update."""

    def _row(self, gradients, clipped):
        self.parameters = {name: rounding.nearest(value, self.half) for name, value in self.parameters.items()}
        return super()._row(gradients, clipped)


class ScaleKept(ReferenceTrainer):
    """Does not divide the gradients by the loss scale."""

    def loss_and_gradients(self, x, y, noise=()):
        loss, gradients = super().loss_and_gradients(x, y, dict(noise))
        return loss, {name: value * self.loss_scale for name, value in gradients.items()}


class HalfLoss(ReferenceTrainer):
    """Computes the loss in 16 bits."""

    def loss_and_gradients(self, x, y, noise=()):
        loss, gradients = super().loss_and_gradients(x, y, dict(noise))
        return float(rounding.nearest(np.array([loss], np.float32), self.half)[0]), gradients


def judged(tmp_path, worker, precision="mixed_float16", **changes):
    """The verdicts on arms `a` and `b`, of workers of this class."""
    arms = [arm(name, precision=precision, **changes) for name in ("a", "b")]
    verdicts, _ = climb(laid_out(Experiment.model_validate({**STATED, "arms": arms}), tmp_path), worker)
    return verdicts


def faults(verdicts):
    """Of the verdicts that diverge: the rung, the subject and the culprit."""
    return [(each.rung, each.subject, each.culprit) for each in verdicts if each.status == "diverges"]


@pytest.mark.parametrize(
    ("precision", "scale"), [("mixed_float16", None), ("mixed_float16", 1024.0), ("mixed_bfloat16", None)]
)
def test_kernels_that_round_in_another_order_agree_and_the_check_says_what_it_can_notice(tmp_path, precision, scale):
    """Layers to about 8 units of their 16 bits; the loss, by the arm's own outputs, and updates as in float32."""
    verdicts = judged(tmp_path, OtherOrder, precision, loss_scale=scale)
    assert {each.status for each in verdicts} == {"agrees"}
    noticed = {(each.rung, each.subject): each.detects for each in verdicts if each.detects is not None}
    eps = rounding.FORMATS[precision.removeprefix("mixed_")].epsilon
    assert eps <= noticed["model", "logits"] <= 16 * eps
    assert noticed["model", "loss of its own outputs"] < 1e-5
    assert noticed["step", "update"] < 1e-3
    sources = {each.tolerance_source for each in verdicts if each.rung == "layer"}
    assert all(precision in source for source in sources)


@pytest.mark.parametrize(
    ("trainer", "subject", "told"),
    [
        (HalfWeights, "initial weights", "the weights read back are the plan's, rounded to float16"),
        (ScaleKept, "gradients", "they are not divided by loss_scale=1024"),
        (HalfLoss, "loss of its own outputs", "it is a number of float16"),
    ],
)
def test_a_typical_mistake_is_named_where_it_is(tmp_path, trainer, subject, told):
    """Weights kept in 16 bits, gradients that are not divided by the loss scale, a loss in 16 bits."""
    first = next(
        each for each in judged(tmp_path, with_trainer(trainer), loss_scale=1024.0) if each.status == "diverges"
    )
    assert (first.rung, first.subject, first.culprit) == ("model", subject, "b")
    assert told in first.cause


def test_weights_that_are_rounded_after_each_update_are_noticed_in_a_free_run(tmp_path):
    """What a step adds to a weight is a few of its float16 units, so that the projections of weights drift apart."""
    found = faults(judged(tmp_path, with_trainer(HalfUpdates)))
    assert {(rung, culprit) for rung, _, culprit in found} == {("trajectory", "b")}
    assert "weights kept in float32" in {subject for _, subject, _ in found}


def test_a_loss_scale_that_overflows_is_told_and_nothing_agrees_by_it(tmp_path):
    """2^30 times the gradients of a first batch is past 65504."""
    verdicts = judged(tmp_path, InProcess, loss_scale=2.0**30)
    told = [each for each in verdicts if each.subject == "overflow"]
    assert [each.status for each in told] == ["unverified", "unverified"]
    assert "overflows float16 on the first batch at loss_scale=1.07374e+09" in told[0].cause
    assert not any(each.subject == "gradients" for each in verdicts)


def test_a_loss_scale_finds_gradients_that_float16_loses(tmp_path):
    """Numbers below 2^-25 are 0 in float16; of small inputs the gradients are, and 4096 times them are not."""
    experiment = Experiment.model_validate({**STATED, "arms": [arm("a", precision="mixed_float16")]})
    context = laid_out(experiment, tmp_path)
    (batch,) = context.batches(1)
    x, y = context.samples(batch, "float32")
    zeros = {}
    for scale in (None, 4096.0):
        adapter = context.in_float32(arm("a", precision="mixed_float16", loss_scale=scale))
        _, gradients = context.trainer(adapter, 1).loss_and_gradients(1e-4 * x, y)
        zeros[scale] = np.count_nonzero(gradients["dense_1/kernel"] == 0)
    assert zeros[4096.0] < zeros[None]


# The gradients overflow at 2^24, 2^23 and so on. After two finite steps the factor is doubled: they may do so again.
RULE = {"initial": 2.0**24, "factor": 2.0, "window": 2}
LONGER = {
    **STATED,
    "rungs": ["model", "step", "trajectory"],
    "training": {"epochs": 1, "batch_size": 32, "max_steps": 20},
}


class NotHalved(ReferenceTrainer):
    """Skips the update after an overflow, and keeps the factor."""

    def _adjusted(self, gradients):
        finite = self.scaling.finite(gradients)
        if finite.all():
            self.scaling.adjust(finite)
        return bool(finite.all())


class NotSkipped(ReferenceTrainer):
    """Applies the gradients of an overflow where they are finite."""

    def _adjusted(self, gradients):
        self.scaling.adjust(self.scaling.finite(gradients))
        return True


class GrowsLate(ReferenceTrainer):
    """Doubles the factor after one finite step too many."""

    def restart(self, weights):
        super().restart(weights)
        self.scaling.dynamic = self.scaling.dynamic.model_copy(update={"window": RULE["window"] + 1})


def dynamically(tmp_path, worker):
    """The context, and the verdicts, with a factor of the loss that follows `RULE`."""
    arms = [arm(name, precision="mixed_float16", loss_scale=RULE) for name in ("a", "b")]
    context = laid_out(Experiment.model_validate({**LONGER, "arms": arms}), tmp_path)
    return context, climb(context, worker)[0]


def test_a_factor_that_follows_a_rule_skips_updates_and_all_agree_on_which(tmp_path):
    """The free run is judged to its end, although some of its updates are skipped."""
    context, verdicts = dynamically(tmp_path, OtherOrder)
    assert {each.status for each in verdicts} == {"agrees"}
    assert ("step", "gradient") in {(each.rung, each.subject) for each in verdicts}
    (losses,) = [each for each in verdicts if each.subject.startswith("free run: train_loss")]
    assert losses.subject.endswith("steps 0 to 19")
    gradients = [
        column for column in context.made[("envelope", arms_arithmetic(context), 20)].oracle if "gradient" in column
    ]
    digests = context.made[("envelope", arms_arithmetic(context), 20)].oracle[gradients[0]]
    assert 3 <= np.count_nonzero(digests == 0) < 20


def arms_arithmetic(context):
    """The key of the arms' arithmetic."""
    return context.in_float32(context.stated.arms[0]).arm.arithmetic


@pytest.mark.parametrize(
    "trainer", [NotHalved, *(pytest.param(each, marks=pytest.mark.nightly) for each in (NotSkipped, GrowsLate))]
)
def test_a_mistake_in_the_rule_is_noticed_in_the_free_run(tmp_path, trainer):
    """And the arm that makes it is named."""
    _, verdicts = dynamically(tmp_path, with_trainer(trainer))
    found = faults(verdicts)
    assert {rung for rung, *_ in found} == {"trajectory"}
    assert {culprit for *_, culprit in found} == {"b"}


def test_a_rule_that_skips_every_update_is_told(tmp_path):
    """From 2^60 the factor is not low enough within the six steps."""
    rule = {"initial": 2.0**60, "factor": 2.0, "window": 1000}
    told = [each for each in judged(tmp_path, InProcess, loss_scale=rule) if each.subject == "overflow"]
    assert [(each.rung, each.status) for each in told] == [("trajectory", "unverified")] * 2
    assert "in every step the gradients overflow float16" in told[0].cause
