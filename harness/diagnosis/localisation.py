"""Where the first divergence stands: rung, step, phase, layer, tensor, index.

The digests of every step say at which step two runs part company. Only that step is then looked at in full: each arm
runs the short span before it again, and tells what the step was given and what came of it, phase by phase - the input,
every layer's output, the loss, every gradient, what the optimizer keeps, the weights - which the reference tells too.
Likewise an optimizer is replayed up to the milestone where it diverged, and looked at after every update.
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
from harness.judging.tolerances import loss_error, pooled_error
from harness.oracles.oracle import Place, check
from harness.oracles.reference import Reference
from harness.records.verdict import Verdict
from harness.rungs import model, optimizer, trajectory
from harness.rungs.tasks import TASKS
from harness.system.array_files import Arrays

PHASES = ("input", "forward", "loss", "gradient", "slots", "update")
_KIND = {"layer": "forward", "gradient": "gradient", "slot": "slots", "weight": "update"}


def localised(context: Context, verdict: Verdict, ask: AskTask) -> Verdict:
    """The diverging verdict with its place, looked for by asking again; as it is where there is nothing to ask.

    `ask(task, payload)` puts a question to the arms that the verdict is about.
    """
    if verdict.rung == optimizer.NAME and verdict.tensor.startswith("after "):
        return localised_update(context, verdict, ask)
    if verdict.rung in (model.NAME, trajectory.NAME):
        step = verdict.step or 0
        return _in_step(context, verdict, step, ask(TASKS["probe"], {"step": step}))
    return verdict


def _in_step(context: Context, verdict: Verdict, step: int, answers: Answers) -> Verdict:
    exact = reference_probe(context, context.oracle, step)
    found = first_diverging(_step_checks(context, exact, answers, step, verdict.rung), list(answers))
    if found is None:
        return verdict.model_copy(update={"cause": _joined(verdict.cause, f"no tensor of step {step} stands out")})
    moment = when(context.experiment.schedule, step, context.plan)
    cause = found.cause if found.phase == "input" else _joined(found.cause, *_crossings(answers))
    return found.model_copy(update={"subject": verdict.subject, "step": step, "moment": moment, "cause": cause})


def _crossings(answers: Answers) -> Iterator[str]:
    """Units that are off in one arm and on in the other: from such a step on even right runs part company by leaps."""
    layers = {
        arm: {name.removeprefix("layer/"): value for name, value in each.arrays.items() if name.startswith("layer/")}
        for arm, each in answers.items()
    }
    for a, b in pairs_of(list(layers)):
        for crossed in crossings_between(layers[a], layers[b]) if b is not None else ():
            values = f"{crossed.value_a:.2g} in {a}, {crossed.value_b:.2g} in {b}"
            which = f"{crossed.count} units of {crossed.layer} are off in one arm only"
            yield f"{which}, first {list(crossed.index)}: {values}"


def _step_checks(context: Context, exact: Arrays, answers: Answers, step: int, rung: str) -> Iterator[Check]:
    """In the order in which a step computes."""
    oracle = Reference(exact, {name: _tolerances(context, each, exact, step) for name, each in answers.items()})
    for name in _in_order(exact):
        # What an arm's own class does not let be seen is not held against it.
        showing = {arm: each for arm, each in answers.items() if not name.startswith("slot/") or name in each.arrays}
        if showing:
            yield check(rung, oracle, showing, name, _place(name, step))


def _place(name: str, step: int) -> Place:
    kind, _, rest = name.partition("/")
    parameter = rest.partition("/")[2] if kind == "slot" else rest
    phase = _KIND.get(kind, "input" if kind in ("input", "targets") else kind)
    layer = rest if kind == "layer" else parameter.rpartition("/")[0]
    return Place("", phase, step, layer, rest or kind, lambda index: f"step {step}, {name}{list(index)}")


def _in_order(exact: Arrays) -> list[str]:
    """Gradients from the last layer to the first, as they are computed; all else as it was told."""
    gradients = [name for name in exact if name.startswith("gradient/")]
    first = list(exact).index(gradients[0])
    others = [name for name in exact if name not in gradients]
    return [*others[:first], *reversed(gradients), *others[first:]]


def _tolerances(context: Context, each: Answer, exact: Arrays, step: int) -> dict[str, Any]:
    own = reference_probe(context, context.in_float32(each.arm), step)
    found: dict[str, Any] = {}
    for kind in ("input", "targets", "layer", "gradient", "slot", "weight"):
        of_kind = {name: value for name, value in exact.items() if name.partition("/")[0] == kind}
        found |= pooled_error(of_kind, own, each.precision)
    return {**found, "loss": loss_error(exact["loss"], _loss_error(context, exact, own), each.precision)}


def _loss_error(context: Context, exact: Arrays, own: Arrays) -> float:
    return max(context.sample_loss_error, float(np.max(np.abs(exact["loss"] - own["loss"]))))


def reference_probe(context: Context, adapter: Adapter, step: int) -> Arrays:
    """What the worker's task `probe` answers, by the reference; made once for each step and arithmetic."""
    key = "probe", adapter.arm.precision, adapter.arm.realisation, step
    return context.once(key, lambda: _probe(context, adapter, step))


def _probe(context: Context, adapter: Adapter, step: int) -> Arrays:
    trainer = context.trainer(adapter, context.plan.steps)
    batches = context.batches(step + 1)
    for batch in batches[:step]:
        context.updated(trainer, batch, adapter.arm.precision)
    before = trainer.weights()
    x, y = context.samples(batches[step], adapter.arm.precision)
    noise = batches[step].noise
    found: Arrays = {"input": np.asarray(x), "targets": np.asarray(y)}
    found |= {f"layer/{name}": value for name, value in trainer.layers(x, noise).items()}
    trainer.set_weights(before)
    loss, gradients = trainer.loss_and_gradients(x, y, noise)
    found |= {"loss": np.array([loss]), **{f"gradient/{name}": value for name, value in gradients.items()}}
    trainer.set_weights(before)
    context.updated(trainer, batches[step], adapter.arm.precision)
    found |= {f"slot/{name}": value for name, value in trainer.slots().items()}
    return found | {f"weight/{name}": value for name, value in trainer.weights().items()}


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))
