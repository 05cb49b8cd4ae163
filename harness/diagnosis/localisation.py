"""The place of the first divergence: rung, step, phase, layer, tensor, index.

The digests of every step show at which step two runs first differ. Only that step is then examined in full: each arm
runs the steps before it again and reports the step's tensors phase by phase (the input, every layer's output, the loss,
every gradient, the optimizer's slots, the weights), and the reference computes the same. In the same way an optimizer
is replayed up to the milestone that diverged and examined after every update.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from adapters.protocol import Adapter
from harness.diagnosis.localised_update import AskTask, localised_update
from harness.judging.checks import Check, first_diverging, pairs_of
from harness.judging.context import Answer, Answers, Context
from harness.judging.envelope import crossings_between
from harness.judging.first_divergence import when
from harness.judging.remainders import InFloat32, one_run
from harness.judging.tolerances import loss_error, pooled_error
from harness.oracles.oracle import Place, check
from harness.oracles.reference import Reference
from harness.records.tensor_key import TensorKey, keyed, of_kind, only
from harness.records.verdict import Verdict
from harness.rungs import model, optimizer, trajectory
from harness.rungs.mixed_precision import named_gradients
from harness.rungs.tasks import TASKS
from harness.system.array_files import Arrays

PHASES = ("input", "forward", "loss", "gradient", "slots", "update")
_PHASE_OF_KIND = {"targets": "input", "layer": "forward", "slot": "slots", "weight": "update"}


def localised(context: Context, verdict: Verdict, ask: AskTask) -> Verdict:
    """The diverging verdict with its place, which is found by asking the arms again.

    The verdict unchanged if its rung cannot be localised. `ask(task, payload)`: gives a task to the verdict's arms.
    """
    if verdict.rung == optimizer.NAME and TensorKey.parse(verdict.tensor).kind == "after":
        return localised_update(context, verdict, ask)
    if verdict.rung in (model.NAME, trajectory.NAME):
        step = verdict.step or 0
        return _in_step(context, verdict, step, ask(TASKS["probe"], {"step": step}))
    return verdict


def _in_step(context: Context, verdict: Verdict, step: int, answers: Answers) -> Verdict:
    exact = reference_probe(context, context.oracle, step)
    divergence = first_diverging(_step_checks(context, exact, answers, step, verdict.rung), list(answers))
    if divergence is None:
        return verdict.model_copy(update={"cause": _joined(verdict.cause, f"no tensor of step {step} stands out")})
    if divergence.phase == "gradient":
        for answer in answers.values():
            bounds = _tolerances(context, answer, exact, step)
            divergence = named_gradients(divergence, answer, exact, bounds)
    moment = when(context.experiment.schedule, step, context.plan)
    cause = divergence.cause if divergence.phase == "input" else _joined(divergence.cause, *_crossings(answers))
    return divergence.model_copy(update={"subject": verdict.subject, "step": step, "moment": moment, "cause": cause})


def _crossings(answers: Answers) -> Iterator[str]:
    """In words, the units that are off in only one arm. From such a step on even correct runs separate in jumps."""
    layers = {arm: of_kind(answer.arrays, "layer") for arm, answer in answers.items()}
    for a, b in pairs_of(list(layers)):
        for crossing in crossings_between(layers[a], layers[b]) if b is not None else ():
            values = f"{crossing.value_a:.2g} in {a}, {crossing.value_b:.2g} in {b}"
            which = f"{crossing.count} units of {crossing.layer} are off in one arm only"
            yield f"{which}, first {list(crossing.index)}: {values}"


def _step_checks(context: Context, exact: Arrays, answers: Answers, step: int, rung: str) -> Iterator[Check]:
    """The checks of one step's tensors, in the order in which a step computes them."""
    oracle = Reference(exact, {name: _tolerances(context, answer, exact, step) for name, answer in answers.items()})
    for key in _in_order(exact):
        # An arm whose own class does not expose a slot is not judged by it.
        exposing = {arm: answer for arm, answer in answers.items() if key.kind != "slot" or key in answer.arrays}
        if exposing:
            yield check(rung, oracle, exposing, key, _place(key, step))


def _place(key: TensorKey, step: int) -> Place:
    # A slot is of `<slot>/<parameter>`.
    layer = key.of if key.kind == "layer" else TensorKey.parse(key.of).layer if key.kind == "slot" else key.layer
    phase = _PHASE_OF_KIND.get(key.kind, key.kind)
    return Place("", phase, step, layer, key.of or key.kind, lambda index: f"step {step}, {key}{list(index)}")


def _in_order(exact: Arrays) -> list[TensorKey]:
    """The tensors' keys, with the gradients from the last layer to the first, as they are computed."""
    keys = list(map(TensorKey.parse, exact))
    gradients = [key for key in keys if key.kind == "gradient"]
    first = keys.index(gradients[0])
    others = [key for key in keys if key.kind != "gradient"]
    return [*others[:first], *reversed(gradients), *others[first:]]


def _tolerances(context: Context, answer: Answer, exact: Arrays, step: int) -> dict[str, Any]:
    run = _probe_in_float32(context, context.in_float32(answer.arm), step)
    tolerances: dict[str, Any] = {}
    for kind in ("input", "targets", "layer", "gradient", "slot", "weight"):
        tolerances |= pooled_error(only(exact, kind), run.values, answer.arithmetic)
    tolerances["loss"] = loss_error(exact["loss"], _loss_error(context, answer, exact, run.values), answer.arithmetic)
    return run.floored(tolerances, exact, answer.arithmetic)


def _loss_error(context: Context, answer: Answer, exact: Arrays, in_float32: Arrays) -> float:
    return max(context.sample_loss_error(answer.arm), float(np.max(np.abs(exact["loss"] - in_float32["loss"]))))


def reference_probe(context: Context, adapter: Adapter, step: int) -> Arrays:
    """The reference's tensors of a step, by name as in the worker's task `probe`; cached by step and arithmetic."""
    key = "probe", adapter.arm.arithmetic, step
    return context.once(key, lambda: _probe(context, adapter, step))


def _probe_in_float32(context: Context, adapter: Adapter, step: int) -> InFloat32:
    key = "probe in float32", adapter.arm.arithmetic, step
    return context.once(key, lambda: one_run(lambda: _probe(context, adapter, step)))


def _probe(context: Context, adapter: Adapter, step: int) -> Arrays:
    trainer = context.trainer(adapter, context.plan.steps)
    for batch in context.steps(step, f"steps up to step {step}"):
        context.updated(trainer, batch, adapter.arm.variable_dtype)
    before = trainer.weights()
    examined = context.batches(step + 1)[step]
    x, y = context.samples(examined, adapter.arm.variable_dtype)
    noise = examined.noise
    tensors: Arrays = {"input": np.asarray(x), "targets": np.asarray(y)}
    tensors |= keyed("layer", trainer.layers(x, noise))
    trainer.set_weights(before)
    loss, gradients = trainer.loss_and_gradients(x, y, noise)
    tensors |= {"loss": np.array([loss]), **keyed("gradient", gradients)}
    trainer.set_weights(before)
    context.updated(trainer, examined, adapter.arm.variable_dtype)
    tensors |= keyed("slot", trainer.slots())
    return tensors | keyed("weight", trainer.weights())


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))
