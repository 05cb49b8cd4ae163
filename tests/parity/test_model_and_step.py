"""The rungs `model` and `step`: both frameworks agree, and each planted fault is found where it is, and named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rungs import ARMS, EXPERIMENT, Climbed, diverging, largest, scaled_at

from harness.plan import Batch, digest_arrays
from harness.records.verdict import Verdict
from harness.spec.losses import MeanSquaredError
from harness.spec.optimizers import Adam, HeavyBall, Nesterov, Optimizer
from harness.spec.schedules import Constant
from harness.system.array_files import load_arrays

TENSORS = [parameter.name for parameter in EXPERIMENT.model.parameters()]
KERNELS = [name for name in TENSORS if name.endswith("kernel")]
SQUARE = "dense_2/kernel"
STEPS = EXPERIMENT.comparison.forced_steps
SLIGHTLY = 1.0001


def other(arm: str) -> str:
    return next(name for name in ARMS if name != arm)


def found_out(climbed: Climbed, rung: str, arm: str, subject: str, **arrays: Any) -> Verdict:
    """The verdict that diverges once these arrays of `arm` are replaced: one, of that subject, naming that arm."""
    (verdict,) = diverging(climbed.judge(rung, climbed.altered(rung, arm, **arrays)))
    assert (verdict.rung, verdict.subject, verdict.status) == (rung, subject, "diverges")
    assert {verdict.arm_a, verdict.arm_b} == set(ARMS)
    assert arm in verdict.cause
    assert other(arm) not in verdict.cause
    return verdict


def array(climbed: Climbed, rung: str, arm: str, name: str) -> Any:
    return climbed.answers[rung][arm].arrays[name]


def on_batch(climbed: Climbed, batch: Batch, weights: Any = None, **changed: Any) -> dict[str, Any]:
    """The reference's gradients on some batch, with parts of the experiment changed; named as an arm's answer."""
    context = climbed.context
    e = EXPERIMENT.model_copy(update=changed)
    weights = context.plan.weights if weights is None else weights
    trainer = context.oracle.trainer(e.recipe, weights, 1)
    loss, gradients = trainer.loss_and_gradients(*context.samples(batch))
    return {
        "loss": np.array([loss]),
        "logits": trainer.forward(context.samples(batch)[0]),
        **{f"gradient/{name}": value for name, value in gradients.items()},
    }


def backwards(batch: Batch) -> Batch:
    return replace(batch, samples=batch.samples[::-1])


# The rung `model`


def test_model_agrees(climbed: Climbed) -> None:
    verdicts = climbed.judge("model")
    assert diverging(verdicts) == []
    assert [verdict.subject for verdict in verdicts] == [
        *("structure", "structure", "initial weights", "initial weights"),
        *("logits", "loss", "gradients"),
    ]


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("tensor", TENSORS)
def test_one_gradient_off(climbed: Climbed, arm: str, tensor: str) -> None:
    name = f"gradient/{tensor}"
    value = array(climbed, "model", arm, name)
    verdict = found_out(climbed, "model", arm, "gradients", **{name: scaled_at(value, largest(value), SLIGHTLY)})
    assert verdict.worst_index == f"{tensor}{list(largest(value))}"
    assert verdict.nearer == other(arm)


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("name", ["logits", "loss"])
def test_one_output_off(climbed: Climbed, arm: str, name: str) -> None:
    value = array(climbed, "model", arm, name)
    verdict = found_out(climbed, "model", arm, name, **{name: scaled_at(value, largest(value), SLIGHTLY)})
    assert verdict.worst_index == f"{list(largest(value))}"


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_gradient_no_number(climbed: Climbed, arm: str, value: float) -> None:
    name = f"gradient/{SQUARE}"
    broken = array(climbed, "model", arm, name).copy()
    broken[3, 5] = value
    assert found_out(climbed, "model", arm, "gradients", **{name: broken}).worst_index == f"{SQUARE}[3, 5]"


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("tensor", KERNELS)
def test_a_transposed_gradient(climbed: Climbed, arm: str, tensor: str) -> None:
    name = f"gradient/{tensor}"
    (verdict,) = diverging(
        climbed.judge("model", climbed.altered("model", arm, **{name: array(climbed, "model", arm, name).T}))
    )
    assert verdict.subject == "gradients"
    assert verdict.worst_index.startswith(tensor)
    assert arm in verdict.cause
    if tensor != SQUARE:
        assert f"{arm} has shape" in verdict.cause


@pytest.mark.parametrize("arm", ARMS)
def test_two_samples_swapped(climbed: Climbed, arm: str) -> None:
    logits = array(climbed, "model", arm, "logits")
    order = [1, 0, *range(2, len(logits))]
    verdict = found_out(climbed, "model", arm, "logits", logits=logits[order])
    assert verdict.worst_index.startswith(("[0, ", "[1, "))


@pytest.mark.parametrize("arm", ARMS)
def test_another_batch(climbed: Climbed, arm: str) -> None:
    """Not even the second batch of the plan will do for the first."""
    found = on_batch(climbed, climbed.context.plan.batches(2)[1])
    verdicts = diverging(climbed.judge("model", climbed.altered("model", arm, **found)))
    assert [verdict.subject for verdict in verdicts] == ["logits", "loss", "gradients"]


@pytest.mark.parametrize("arm", ARMS)
def test_one_sample_of_the_batch_replaced(climbed: Climbed, arm: str) -> None:
    first, second = climbed.context.plan.batches(2)
    found = on_batch(climbed, replace(first, samples=np.array([second.samples[0], *first.samples[1:]])))
    verdicts = diverging(climbed.judge("model", climbed.altered("model", arm, **found)))
    assert [verdict.subject for verdict in verdicts] == ["logits", "loss", "gradients"]
    assert verdicts[0].worst_index.startswith("[0, ")


@pytest.mark.parametrize("arm", ARMS)
def test_the_order_within_a_batch_matters_to_logits_alone(climbed: Climbed, arm: str) -> None:
    """A sum over the samples does not depend on their order: the same digits, reversed, are no fault of the loss."""
    found = on_batch(climbed, backwards(climbed.context.plan.batches(1)[0]))
    found_out(climbed, "model", arm, "logits", **found)


LOSS_FAULTS = {
    "summed, not averaged": lambda found: {k: v * (1 if k == "logits" else 32) for k, v in found.items()},
    "averaged over a batch of 31": lambda found: {k: v * (1 if k == "logits" else 32 / 31) for k, v in found.items()},
    "another sign": lambda found: {k: v * (1 if k == "logits" else -1) for k, v in found.items()},
}


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("fault", LOSS_FAULTS)
def test_a_loss_reduced_otherwise(climbed: Climbed, arm: str, fault: str) -> None:
    found = LOSS_FAULTS[fault](on_batch(climbed, climbed.context.plan.batches(1)[0]))
    verdicts = diverging(climbed.judge("model", climbed.altered("model", arm, **found)))
    assert [verdict.subject for verdict in verdicts] == ["loss", "gradients"]


@pytest.mark.parametrize("arm", ARMS)
def test_another_loss(climbed: Climbed, arm: str) -> None:
    found = on_batch(climbed, climbed.context.plan.batches(1)[0], loss=MeanSquaredError())
    verdicts = diverging(climbed.judge("model", climbed.altered("model", arm, **found)))
    assert [verdict.subject for verdict in verdicts] == ["loss", "gradients"]


def test_the_faults_above_are_faults_only_by_what_is_changed(climbed: Climbed) -> None:
    """The same construction without a fault agrees."""
    found = on_batch(climbed, climbed.context.plan.batches(1)[0])
    assert diverging(climbed.judge("model", climbed.altered("model", "mindspore", **found))) == []


@pytest.mark.parametrize("arm", ARMS)
def test_weights_read_back_transposed(climbed: Climbed, arm: str) -> None:
    """The square kernel, transposed, has the right shape; its bytes tell. What presumes equal weights is not judged."""
    weights = {name: value.astype(np.float32) for name, value in climbed.context.plan.weights.items()}
    assert climbed.answers["model"][arm].result["weights_digest"] == digest_arrays(weights)
    weights[SQUARE] = np.ascontiguousarray(weights[SQUARE].T)
    verdicts = climbed.judge("model", climbed.restated("model", arm, weights_digest=digest_arrays(weights)))
    (verdict,) = diverging(verdicts)
    assert (verdict.subject, verdict.arm_a) == ("initial weights", arm)
    assert not {"logits", "gradients"} & {verdict.subject for verdict in verdicts}


@pytest.mark.parametrize("arm", ARMS)
def test_another_plan(climbed: Climbed, arm: str) -> None:
    (verdict,) = diverging(climbed.judge("model", climbed.restated("model", arm, plan_digest="0" * 64)))
    assert (verdict.subject, verdict.arm_a) == ("initial weights", arm)
    assert "plan 00000000 arrived" in verdict.cause


STRUCTURE_FAULTS = {
    "a parameter missing": lambda s: {**s, "parameters": s["parameters"][:-1]},
    "a kernel transposed": lambda s: {
        **s,
        "parameters": [[n, shape[::-1], kind] for n, shape, kind in s["parameters"]],
    },
    "another precision": lambda s: {**s, "parameters": [[n, shape, "float64"] for n, shape, _ in s["parameters"]]},
    "another order": lambda s: {**s, "parameters": s["parameters"][::-1]},
    "a bias not counted": lambda s: {**s, "parameter_count": s["parameter_count"] - 10},
}


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("fault", STRUCTURE_FAULTS)
def test_another_structure(climbed: Climbed, arm: str, fault: str) -> None:
    structure = STRUCTURE_FAULTS[fault](climbed.answers["model"][arm].result["structure"])
    (verdict,) = diverging(climbed.judge("model", climbed.restated("model", arm, structure=structure)))
    assert (verdict.subject, verdict.arm_a) == ("structure", arm)
    assert "the spec says" in verdict.cause


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize(
    ("rung", "name", "subject"),
    [
        ("model", "logits", "logits"),
        ("model", f"gradient/{SQUARE}", "gradients"),
        ("step", f"gradient 2/{SQUARE}", "gradient"),
        ("step", f"weight 2/{SQUARE}", "update"),
    ],
)
def test_a_tensor_left_out(climbed: Climbed, arm: str, rung: str, name: str, subject: str) -> None:
    """An adapter that forgets a tensor (they may come from third parties) diverges there, and breaks nothing else."""
    (verdict,) = diverging(climbed.judge(rung, climbed.without(rung, arm, name)))
    assert verdict.subject == subject
    assert arm in verdict.cause


# The rung `step`


def test_step_agrees(climbed: Climbed) -> None:
    verdicts = climbed.judge("step")
    assert diverging(verdicts) == []
    assert [verdict.subject for verdict in verdicts] == ["gradient", "update"]


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("step", range(STEPS))
def test_one_gradient_of_one_step_off(climbed: Climbed, arm: str, step: int) -> None:
    tensor = TENSORS[step]
    name = f"gradient {step}/{tensor}"
    value = array(climbed, "step", arm, name)
    verdict = found_out(climbed, "step", arm, "gradient", **{name: scaled_at(value, largest(value), SLIGHTLY)})
    assert verdict.worst_index == f"step {step}, {tensor}{list(largest(value))}"


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("step", range(STEPS))
def test_one_loss_off(climbed: Climbed, arm: str, step: int) -> None:
    name = f"loss {step}"
    verdict = found_out(climbed, "step", arm, "gradient", **{name: SLIGHTLY * array(climbed, "step", arm, name)})
    assert verdict.worst_index == f"step {step}, loss[0]"


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize(("step", "tensor"), [(at % STEPS, tensor) for at, tensor in enumerate(TENSORS)])
def test_one_weight_that_an_update_did_not_move(climbed: Climbed, arm: str, step: int, tensor: str) -> None:
    name = f"weight {step + 1}/{tensor}"
    teacher = load_arrays(climbed.context.scratch / "teacher.npz")
    before = teacher[f"weight {step}/{tensor}"]
    after = array(climbed, "step", arm, name).copy()
    index = largest(after - before)
    after[index] = before[index]
    verdict = found_out(climbed, "step", arm, "update", **{name: after})
    assert verdict.worst_index == f"step {step}, {tensor}{list(index)}"


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("tensor", KERNELS)
def test_a_transposed_update(climbed: Climbed, arm: str, tensor: str) -> None:
    name = f"weight 2/{tensor}"
    altered = climbed.altered("step", arm, **{name: array(climbed, "step", arm, name).T})
    (verdict,) = diverging(climbed.judge("step", altered))
    assert verdict.subject == "update"
    assert arm in verdict.cause


@pytest.mark.parametrize("arm", ARMS)
def test_the_batch_of_the_step_before(climbed: Climbed, arm: str) -> None:
    """Each step's gradients one step late: the first is right, the second is named."""
    late = {
        f"gradient {step}/{tensor}": array(climbed, "step", arm, f"gradient {max(step - 1, 0)}/{tensor}")
        for step in range(STEPS)
        for tensor in TENSORS
    }
    assert found_out(climbed, "step", arm, "gradient", **late).worst_index.startswith("step 1, ")


def updated_by(climbed: Climbed, **changed: Any) -> dict[str, Any]:
    """What the reference makes of the teacher's gradients with another optimizer or schedule."""
    teacher = load_arrays(climbed.context.scratch / "teacher.npz")
    e = EXPERIMENT.model_copy(update=changed)
    fed = [{name: teacher[f"gradient {step}/{name}"] for name in TENSORS} for step in range(STEPS)]
    start = {name: teacher[f"weight 0/{name}"] for name in TENSORS}
    found = {}
    for step, weights in enumerate(climbed.context.oracle.optimizer(e.update, start, fed)):
        found |= {f"weight {step + 1}/{name}": value for name, value in weights.items()}
    return found


# What is planted, and the first step at which it can be seen.
OPTIMIZER_FAULTS: dict[str, tuple[dict[str, Any], int]] = {
    "the rate inside the velocity": ({"optimizer": HeavyBall(momentum=0.9, form="rate_inside")}, 1),
    "Nesterov's look-ahead": ({"optimizer": Nesterov(momentum=0.9, form="rate_outside")}, 0),
    "another momentum": ({"optimizer": HeavyBall(momentum=0.899, form="rate_outside")}, 1),
    "no momentum": ({"optimizer": HeavyBall(momentum=0.0, form="rate_outside")}, 1),
    "another algorithm": ({"optimizer": Adam()}, 0),
    "a rate that stays": ({"schedule": Constant(rate=0.1)}, 1),
    "a rate off by a thousandth": ({"schedule": EXPERIMENT.schedule.model_copy(update={"initial_rate": 0.1001})}, 0),
}


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("fault", OPTIMIZER_FAULTS)
def test_another_optimizer(climbed: Climbed, arm: str, fault: str) -> None:
    changed, first = OPTIMIZER_FAULTS[fault]
    verdict = found_out(climbed, "step", arm, "update", **updated_by(climbed, **changed))
    assert verdict.worst_index.startswith(f"step {first}, ")


def test_the_optimizers_above_are_faults_only_by_what_is_changed(climbed: Climbed) -> None:
    """The same construction without a fault agrees."""
    answers = climbed.altered("step", "tensorflow", **updated_by(climbed))
    assert diverging(climbed.judge("step", answers)) == []


@pytest.mark.parametrize(
    ("optimizer", "changed"),
    [
        (HeavyBall(momentum=0.9, form="rate_outside"), HeavyBall(momentum=0.9, form="rate_inside")),
        (Nesterov(momentum=0.9, form="rate_outside"), Nesterov(momentum=0.9, form="rate_inside")),
    ],
)
def test_the_forms_are_one_at_a_constant_rate(climbed: Climbed, optimizer: Optimizer, changed: Optimizer) -> None:
    """What the first fault above rests on: it is the changing rate that tells the two forms apart."""
    constant = {"schedule": Constant(rate=0.1)}
    one = updated_by(climbed, optimizer=optimizer, **constant)
    two = updated_by(climbed, optimizer=changed, **constant)
    for name, value in one.items():
        np.testing.assert_allclose(value, two[name], rtol=1e-13, atol=1e-15)
