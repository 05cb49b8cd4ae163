"""Checkpoints: the state of a training after a few of its epochs, from which the reference goes on.

Past the horizon of a free run two correct trainings have parted, and no loss can be compared with that of a run from
the beginning. But from the weights and the optimizer's slots that an arm itself had after an epoch, the next losses
follow by one or two updates. So an order, a rate, a slot or a recorded loss that is wrong in a late epoch shows there.

Checkpoints are taken between epochs, outside of all timing, and are removed after they have been judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from harness.judging.checks import Check, judge_checks
from harness.judging.context import Context
from harness.judging.envelope import LOSS, Envelope, Start, envelope_from, oracle_run
from harness.judging.ledger_excuses import propagated
from harness.judging.overflow import noticed_overflows, steps_before_overflow
from harness.judging.tolerances import DRAWS
from harness.oracles.oracle import ArmValues, Place, check
from harness.oracles.reference import Reference
from harness.records.tensor_key import TensorKey, of_kind
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.spec.arm import Arm
from harness.spec.loss_scale import DynamicLossScale
from harness.spec.words_within import words_within
from harness.system.array_files import Arrays

NAME = "trajectory"
LOSSES = "train_loss "
SUBJECT = f"{LOSSES}after the checkpoints of "
MOST, STEPS = 3, 2
# What all checkpoints of an arm may take on disk, and the multiply-adds of the reference's runs from all of them.
MOST_BYTES, MOST_MULTIPLY_ADDS = 256 << 20, 5e10


def checkpointed_epochs(context: Context) -> list[int]:
    """The epochs, from 0, after which the state is kept: the last but one, the first, and a middle one.

    Fewer where they would take more than `MOST_BYTES` or `MOST_MULTIPLY_ADDS`, or where the plan of cost says so; none
    where there is one epoch.
    """
    experiment, epochs = context.stated, len(context.plan.orders)
    itemsize = max(np.dtype(arm.variable_dtype).itemsize for arm in experiment.arms)
    size = experiment.model.parameter_count * itemsize * (1 + len(experiment.update.slot_names))
    work = experiment.model.multiply_adds * context.plan.batch_size * STEPS * (DRAWS + 1)
    most = min(context.checkpoints(MOST), MOST_BYTES // max(size, 1), int(MOST_MULTIPLY_ADDS // max(work, 1)))
    candidates = dict.fromkeys([epochs - 2, 0, (epochs - 1) // 2])
    return sorted([epoch for epoch in candidates if 0 <= epoch < epochs - 1][:most])


def judge_arm(context: Context, trace: Trace, checkpoints: Arrays) -> list[Verdict]:
    """The verdict on the losses that follow on the checkpoints of one arm; none without checkpoints.

    None either where a rule changes the factor of the loss, because checkpoints do not have the factor.

    `checkpoints`: by the epoch, `weight EPOCH/NAME` and `slot EPOCH/SLOT/NAME`.
    """
    if isinstance(trace.arm.loss_scale, DynamicLossScale):
        return []
    epochs = kept_epochs(checkpoints)
    subject = f"{SUBJECT}{in_words(epochs)}"
    checks = [_check(context, trace, checkpoints, epoch, subject) for epoch in epochs]
    return judge_checks([item for item in checks if item is not None])


def kept_epochs(checkpoints: Mapping[str, Any]) -> list[int]:
    """The epochs of which there are weights."""
    keys = map(TensorKey.parse, checkpoints)
    return sorted({key.step for key in keys if key.kind == "weight" and key.step is not None})


def in_words(epochs: list[int]) -> str:
    """`epoch 0`, `epochs 0, 3`."""
    return f"epoch{'s' * (len(epochs) > 1)} {', '.join(map(str, epochs))}"


def _check(context: Context, trace: Trace, checkpoints: Arrays, epoch: int, subject: str) -> Check | None:
    """The check of the first losses of the epoch after a checkpoint; None if none was recorded or all overflow.

    A loss may be finite although a number before it overflows, where a function saturates.
    """
    recorded = next((record.losses for record in trace.epochs if record.epoch == epoch + 1), ())
    start = _start(context, epoch, of_kind(checkpoints, "weight", epoch), of_kind(checkpoints, "slot", epoch))
    count = min(len(recorded), start.steps)
    if not count or _overflows(context, trace.arm, start):
        return None
    runs: Envelope = envelope_from(context, trace.arm, start)
    words = list(words_within(context.experiment.recipe))
    effect = propagated(context, trace.arm, words, lambda: oracle_run(context, start.steps, start))
    name = trace.arm.name
    excuses = {name: partial(effect.excuse, reduce=np.maximum.accumulate)}
    reference = Reference({LOSS: runs.oracle[LOSS]}, {name: {LOSS: runs.loss}}, excuses)
    values = ArmValues(trace.arm, {LOSS: np.asarray(recorded[:count])})
    place = Place(subject, "forward", start.updates, "", LOSS, lambda i: f"epoch {epoch + 1}, step {i[0]} of it")
    compared = check(NAME, reference, {name: values}, LOSS, place)
    sound = min(count, steps_before_overflow(compared))
    return compared.upto(sound) if sound else None


def _overflows(context: Context, arm: Arm, start: Start) -> bool:
    """Whether the reference overflows in float32 in the outputs of the first batch."""
    trainer = context.trainer(context.in_float32(arm), horizon=1)
    trainer.set_weights(start.weights)
    x, _ = context.samples(start.batches[0], arm.variable_dtype)
    with noticed_overflows() as overflows:
        trainer.forward(x)
    return bool(overflows)


def _start(context: Context, epoch: int, weights: Arrays, slots: Arrays) -> Start:
    """The state after an epoch, and the next batches: one where the arm has not kept all slots, else `STEPS`."""
    plan, noise = context.plan, context.experiment.model.noise()
    trainable = [parameter.name for parameter in context.experiment.model.parameters() if parameter.trainable]
    needed = {f"{slot}/{name}" for slot in context.experiment.update.slot_names for name in trainable}
    can_go_on = needed <= set(slots)
    following = plan.batches(STEPS if can_go_on else 1, noise, first_epoch=epoch + 1)
    batches = [batch for batch in following if batch.epoch == epoch + 1]
    return Start(weights, batches, slots if can_go_on else None, plan.steps_before(epoch + 1))
