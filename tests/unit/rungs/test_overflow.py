"""Updates that grow without end: past the range of float32 nothing is right or wrong; before it, all is judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from in_process import answers_to, arm, context_of
from made_up_traces import epoch

from adapters.reference.losses import unweighted
from harness.judging.context import Context
from harness.judging.overflow import noticed_overflows
from harness.plan import digest_in_precision
from harness.records.tensor_key import keyed
from harness.records.trace import Trace
from harness.rungs import checkpoints, trajectory
from harness.spec.losses import MeanSquaredLogarithmicError
from harness.system.array_files import Arrays

DENSE = {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"}
MODEL = {"input": {"shape": [28, 28, 1]}, "layers": ["flatten", DENSE]}
# Its step is a share of the weights' own norm, so that at a high rate they grow exponentially.
GROWING = {
    "optimizer": {"kind": "lamb", "factor": 0.01, "decay": "decoupled"},
    "schedule": {"kind": "linear_warmup", "target_rate": 0.15, "warmup_steps": 1},
}
STATED: dict[str, Any] = {
    "model": MODEL,
    "loss": "softmax_cross_entropy",
    "training": {"epochs": 1, "batch_size": 50},
    **GROWING,
}


@pytest.mark.parametrize("wrong", [False, True])
def test_what_float32_cannot_hold_is_not_judged(tmp_path: Path, wrong: bool) -> None:
    context = context_of(STATED, tmp_path, {"one": {}, "other": {}})
    with np.errstate(all="ignore"):
        rung, answers = answers_to(context, "optimizer")
    kernels = [name for name in answers["one"].arrays if name.endswith("after 1000/a/kernel")]
    assert any(not np.all(np.isfinite(answers["one"].arrays[name])) for name in kernels), "it overflows"
    if wrong:
        for name in answers["other"].arrays:
            if name.endswith("after 100/a/kernel"):
                answers["other"].arrays[name] = answers["other"].arrays[name] * 1.01
    with np.errstate(all="ignore"):
        found = rung.judge(context, answers)
    assert found
    assert {verdict.status for verdict in found} == ({"diverges"} if wrong else {"agrees"})


@pytest.mark.parametrize(("size", "told"), [(1e30, []), (1e32, ["outputs"])])
def test_outputs_whose_reciprocal_is_nearly_0_count_as_overflowing(size: float, told: list[str]) -> None:
    outputs = np.full((1, 3), size, np.float32)
    with noticed_overflows() as overflows:
        unweighted(MeanSquaredLogarithmicError(), outputs, np.ones_like(outputs))
    assert overflows == told


@pytest.mark.parametrize("rate", [0.1, 0.12])  # the squares of the weights, of which LAMB takes the sum, overflow first
def test_an_update_that_overflows_where_float64_does_not_is_not_judged(tmp_path: Path, rate: float) -> None:
    stated = {**STATED, "schedule": {"kind": "linear_warmup", "target_rate": rate, "warmup_steps": 1}}
    context = context_of(stated, tmp_path, {"one": {}})
    with np.errstate(all="ignore"):
        rung, answers = answers_to(context, "optimizer")
        found = rung.judge(context, answers)
    assert found
    assert {verdict.status for verdict in found} == {"agrees"}


@pytest.mark.parametrize("wrong", [False, True])
def test_the_rates_applied_before_an_overflow_are_judged(tmp_path: Path, wrong: bool) -> None:
    """LAMB's step is a share of the weights' norm, whose squares overflow at the fourth update."""
    stated = {**STATED, "schedule": {"kind": "constant", "rate": 1e7}, "training": {"epochs": 1, "batch_size": 1000}}
    context = context_of(stated, tmp_path, {"one": {}, "other": {}})
    with np.errstate(all="ignore"):
        rung, answers = answers_to(context, "applied-lr")
        rates = answers["other"].arrays["moved"]
        assert set(np.isfinite(rates)) == {True, False}, "it overflows on the way"
        if wrong:
            rates[np.flatnonzero(np.isfinite(rates))[-1]] *= 1.001
        found = rung.judge(context, answers)
    assert {verdict.culprit for verdict in found if verdict.status != "agrees"} == ({"other"} if wrong else set())
    assert found


def test_nothing_is_judged_where_every_rate_overflows(tmp_path: Path) -> None:
    context = context_of({**STATED, "schedule": {"kind": "constant", "rate": 1e39}}, tmp_path, {"one": {}})
    with np.errstate(all="ignore"):
        rung, answers = answers_to(context, "applied-lr")
        assert rung.judge(context, answers) == []


# Squared errors overflow after a few steps at such a rate.
HUGE = {
    "data": {"kind": "polynomial", "train_size": 9, "test_size": 4},
    "model": {"input": {"shape": [1]}, "layers": [{**DENSE, "units": 3, "activation": "tanh"}, {**DENSE, "units": 1}]},
    "loss": "mean_squared_error",
    "optimizer": "sgd",
    "schedule": {"kind": "constant", "rate": 1e12},
    "training": {"epochs": 3, "batch_size": 3},
    "comparison": {"forced_steps": 4, "free_steps": 9},
}


@pytest.mark.parametrize("wrong", [False, True])
@pytest.mark.parametrize(
    ("rung", "tensor"),
    [
        ("step", "loss 0"),
        ("step", "gradient 0/dense_1/kernel"),
        ("step", "weight 1/dense_1/kernel"),
        ("trajectory", "planned/digests"),
    ],
)
def test_the_steps_before_an_overflow_are_judged(tmp_path: Path, rung: str, tensor: str, wrong: bool) -> None:
    context = context_of(HUGE, tmp_path, {"one": {}, "other": {}})
    with np.errstate(all="ignore"):
        question, answers = answers_to(context, rung)
        overflowing = [name for name, values in answers["one"].arrays.items() if not np.isfinite(values).all()]
        assert overflowing, "it overflows"
        if wrong:
            values = answers["other"].arrays[tensor]
            values.flat[0] += 1e-3 * np.abs(values.flat[0]) + 1e-3
        found = question.judge(context, answers)
    assert {verdict.culprit for verdict in found if verdict.status != "agrees"} == ({"other"} if wrong else set())
    assert found


def trained(context: Context) -> tuple[Trace, Arrays]:
    """What an arm records of three epochs of three steps, and its states after the first two."""
    mine = arm("one")
    trainer = context.trainer(context.in_float32(mine), context.plan.steps)
    losses, states = list[float](), Arrays()
    for step, batch in enumerate(context.batches(context.plan.steps)):
        losses.append(float(context.updated(trainer, batch, "float32").losses[0]))
        if step in (2, 5):
            states |= keyed("weight", trainer.weights(), step // 3) | keyed("slot", trainer.slots(), step // 3)
    records = tuple(epoch(number, losses[3 * number : 3 * number + 3]) for number in range(3))
    digests = {
        "plan_digest": context.plan.digest,
        "initial_weights_digest": digest_in_precision(context.plan.weights, "float32"),
    }
    return Trace(arm=mine, epochs=records, finished=True, **digests), states


@pytest.mark.parametrize("wrong", [False, True])
def test_the_recorded_losses_before_an_overflow_are_judged(tmp_path: Path, wrong: bool) -> None:
    context = context_of(HUGE, tmp_path, {"one": {}})
    with np.errstate(all="ignore"):
        trace, _ = trained(context)
        finite = int(np.argmin(np.isfinite(trace.losses)))
        assert 0 < finite < len(trace.losses), "it overflows"
        if wrong:
            first = trace.epochs[0]
            losses = [loss * (1.001 if step == finite - 1 else 1) for step, loss in enumerate(first.losses)]
            off = first.model_copy(update={"losses": tuple(losses)})
            trace = trace.model_copy(update={"epochs": (off, *trace.epochs[1:])})
        (verdict,) = trajectory.judge_traces(context, [trace])
    assert verdict.status == ("diverges" if wrong else "agrees"), verdict
    assert verdict.culprit == ("one" if wrong else "")
    assert verdict.subject == f"train_loss, steps 0 to {finite - 1}"


@pytest.mark.parametrize(("rate", "overflow", "judged"), [(1e5, 4, 1), (1e6, 3, 0)])
def test_after_a_checkpoint_the_steps_before_an_overflow_are_judged(
    tmp_path: Path, rate: float, overflow: int, judged: int
) -> None:
    context = context_of({**HUGE, "schedule": {"kind": "constant", "rate": rate}}, tmp_path, {"one": {}})
    with np.errstate(all="ignore"):
        trace, states = trained(context)
        states = {name: value for name, value in states.items() if " 0/" in name}
        assert np.isfinite(states["weight 0/dense_1/kernel"]).all()
        assert int(np.argmin(np.isfinite(trace.losses))) == overflow
        verdicts = checkpoints.judge_arm(context, trace, states)
        assert [(verdict.status, verdict.worst_index) for verdict in verdicts] == [
            ("agrees", "epoch 1, step 0 of it")
        ] * judged


def test_slow_weights_of_weights_that_overflow_are_left_out(tmp_path: Path) -> None:
    stated = {**HUGE, "lookahead": {"kind": "slow_weights", "steps": 100}}
    context = context_of(stated, tmp_path, {"one": {}, "other": {}})
    with np.errstate(all="ignore"):
        question, answers = answers_to(context, "step")
        slow = {name: values for name, values in answers["one"].arrays.items() if "/slow/" in name}
        assert slow
        assert all(np.isfinite(values).all() for values in slow.values()), "they have not taken from the weights yet"
        for name in slow:
            answers["other"].arrays[name][...] = np.nan  # 0 times a weight that is not a number
        found = question.judge(context, answers)
    assert {verdict.status for verdict in found} == {"agrees"}


@pytest.mark.parametrize("step", [1, 3])
def test_all_gradients_of_a_step_of_which_one_overflows_are_left_out(tmp_path: Path, step: int) -> None:
    stated = {**HUGE, "loss": {"kind": "mean_squared_error"}}
    context = context_of(stated, tmp_path, {"one": {}, "other": {}})
    with np.errstate(all="ignore"):
        question, answers = answers_to(context, "step")
        gradients = {n: v for n, v in answers["one"].arrays.items() if n.startswith(f"gradient {step}/")}
        overflows = any(not np.isfinite(values).all() for values in gradients.values())
        (finite, *_) = (name for name, values in gradients.items() if np.isfinite(values).all())
        answers["other"].arrays[finite][...] = np.nan  # a kernel that multiplies infinity by 0
        culprits = {verdict.culprit for verdict in question.judge(context, answers) if verdict.status != "agrees"}
    assert culprits == (set() if overflows else {"other"})
