"""Rung `step`: teacher-forced, so that a fault is local to one step and one phase.

At each step every arm takes the gradient at the teacher's weights (phase `gradient`), and every arm's optimizer is
fed the teacher's gradients (phase `update`). The teacher is the reference; its weights and gradients are rounded to
float32 once, and reach every arm, the reference included, as the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.protocol import Adapter
from adapters.reference.ensemble import disturbed
from harness.judging.checks import judge_checks
from harness.judging.context import Answer, Answers, Context
from harness.judging.judge import IndexName
from harness.judging.ledger_excuses import propagated, words_within
from harness.judging.tolerances import RUNS, Tolerance, furthest, loss_error, own_error, pooled_error
from harness.oracles.oracle import Place, checks
from harness.oracles.reference import Reference
from harness.records.verdict import Verdict
from harness.rungs.rung import OF_THE_MODEL, OF_THE_UPDATE, Question, Rung
from harness.rungs.tasks import TASKS
from harness.system.array_files import Arrays, load_arrays, save_arrays

NAME = "step"


@dataclass(frozen=True)
class Teacher:
    """`given`: what the arms get (float32). `expected`: what the reference makes of it (float64)."""

    given: Arrays
    expected: Arrays


def ask(context: Context) -> dict[str, Any]:
    path = context.scratch / "teacher.npz"
    teacher = teach(context)
    save_arrays(path, teacher.given)
    save_arrays(context.scratch / "expected.npz", teacher.expected)
    return {"teacher": str(path)}


def teach(context: Context) -> Teacher:
    """The teacher walks its own way, one step of the reference after another."""
    e, plan = context.experiment, context.plan
    batches = context.batches(min(e.comparison.forced_steps, plan.steps))
    given: Arrays = {}
    expected: Arrays = {}
    trainer = context.trainer(context.oracle, horizon=len(batches))
    weights = _rounded(plan.weights)
    fed: list[Any] = []  # the optimizer is replayed from the start each time: forced steps are few
    for k, batch in enumerate(batches):
        given |= {f"weight/{k}/{name}": value for name, value in weights.items()}
        trainer.set_weights(weights)
        loss, gradients = trainer.loss_and_gradients(*context.samples(batch), batch.noise)
        expected[f"loss/{k}"] = np.array([loss])
        given[f"loss/{k}"] = expected[f"loss/{k}"]
        expected |= {f"gradient/{k}/{name}": value for name, value in gradients.items()}
        fed.append(_rounded(gradients))
        given |= {f"gradient/{k}/{name}": value for name, value in fed[-1].items()}
        kept = {name: value for name, value in trainer.weights().items() if name not in gradients}
        expected |= {f"state/{k}/{name}": value for name, value in kept.items()}
        start = {name: value for name, value in _rounded(plan.weights).items() if name in gradients}
        *_, moved = context.oracle.optimizer(e.update, start, fed)
        expected |= {f"weight/{k + 1}/{name}": value for name, value in moved.items()}
        weights = _rounded({**moved, **kept})
    return Teacher(given, expected)


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    given = load_arrays(context.scratch / "teacher.npz")
    # Of a changed spec the reference is a pupil too: the questions were put by the teacher of the stated one.
    changed = context.experiment != context.stated
    expected = _pupil(context, context.oracle, given) if changed else load_arrays(context.scratch / "expected.npz")
    tolerances = {name: _tolerances(context, answer, given, expected) for name, answer in answers.items()}
    words = list(words_within(context.experiment.recipe))
    known = {
        name: propagated(context, answer.arm, words, lambda: _pupil(context, context.oracle, given))
        for name, answer in answers.items()
    }

    places = {
        tensor: _place(tensor, phase)
        for phase, prefixes in {"gradient": ("loss/", "gradient/", "state/"), "update": ("weight/",)}.items()
        for tensor in expected
        if tensor.startswith(prefixes)
    }
    oracle = Reference(expected, tolerances, {name: effect.excuse for name, effect in known.items()})
    return judge_checks(checks(NAME, oracle, answers, places))


def _place(tensor: str, phase: str) -> Place:
    named = tensor.split("/", 2)[-1] if tensor.count("/") > 1 else tensor.partition("/")[0]
    return Place(phase, phase, _step(tensor), "/".join(tensor.split("/")[2:-1]), named, _named(tensor))


def _tolerances(context: Context, answer: Answer, given: Arrays, expected: Arrays) -> dict[str, Tolerance]:
    adapter = context.in_float32(answer.arm)
    own = context.once((NAME, adapter.arm.realisation), lambda: _in_float32(context, adapter, given, expected))
    precision = answer.precision
    kinds = ("loss/", "gradient/", "state/", "weight/")
    of_kind = {kind: [name for name in expected if name.startswith(kind)] for kind in kinds}
    # The first batch's samples say nothing of weights that have moved: of the steps, too, the worst counts for all.
    off = [float(np.max(np.abs(own[name] - expected[name]))) for name in of_kind["loss/"]]
    sample_error = max(context.sample_loss_error, *off)
    return {
        **{name: loss_error(expected[name], sample_error, precision) for name in of_kind["loss/"]},
        **pooled_error({name: expected[name] for name in of_kind["gradient/"]}, own, precision),
        **{
            name: own_error(expected[name], own[name], precision, size=_spread(expected, name))
            for name in of_kind["state/"]
        },
        **{
            name: own_error(expected[name], own[name], precision, size=_size(given, expected, name))
            for name in of_kind["weight/"]
        },
    }


def _spread(expected: Arrays, name: str) -> Any:
    """Of a mean that a layer keeps, the standard deviation beside it: numbers of that size were added up to it."""
    variance = expected.get(name.replace("moving_mean", "moving_variance")) if name.endswith("moving_mean") else None
    return 0.0 if variance is None else np.sqrt(variance)


def _size(given: Arrays, expected: Arrays, name: str) -> Any:
    """How large each weight was up to this update, which took place in sums of that size."""
    _, step, parameter = name.split("/", 2)
    before = [np.abs(given[f"weight/0/{parameter}"])]
    return np.max([*before, *(np.abs(expected[f"weight/{k}/{parameter}"]) for k in range(1, int(step) + 1))], axis=0)


def _in_float32(context: Context, adapter: Adapter, given: Arrays, expected: Arrays) -> Arrays:
    weights = {name: value for name, value in given.items() if name.startswith("weight/")}
    moved = ({**given, **disturbed(weights, seed)} for seed in range(RUNS))
    return furthest(expected, [_pupil(context, adapter, each) for each in moved])


def _pupil(context: Context, adapter: Adapter, given: Arrays) -> Arrays:
    """The reference, taught as the arms are."""
    e, names = context.experiment, list(context.plan.weights)
    trainable = [p.name for p in e.model.parameters() if p.trainable]
    steps = sum(key.startswith("loss/") for key in given)
    trainer = context.trainer(adapter, horizon=steps)
    found: Arrays = {}
    for k, batch in enumerate(context.batches(steps)):
        trainer.set_weights({name: given[f"weight/{k}/{name}"] for name in names})
        loss, gradients = trainer.loss_and_gradients(*context.samples(batch, adapter.arm.precision), batch.noise)
        found[f"loss/{k}"] = np.array([loss])
        found |= {f"gradient/{k}/{name}": value for name, value in gradients.items()}
        after = trainer.weights()
        found |= {f"state/{k}/{name}": after[name] for name in names if name not in trainable}
    fed = [{name: given[f"gradient/{k}/{name}"] for name in trainable} for k in range(steps)]
    start = {name: given[f"weight/0/{name}"] for name in trainable}
    for k, weights in enumerate(adapter.optimizer(e.update, start, fed)):
        found |= {f"weight/{k + 1}/{name}": value for name, value in weights.items()}
    return found


def _rounded(arrays: Any) -> dict[str, Any]:
    return {name: value.astype(np.float32) for name, value in arrays.items()}


def _step(tensor: str) -> int:
    """The update that a tensor belongs to: the weights after it are numbered by the next."""
    kind, step, *_ = tensor.split("/")
    return int(step) - (kind == "weight")


def _named(tensor: str) -> IndexName:
    kind, _, *name = tensor.split("/")
    return lambda index: f"step {_step(tensor)}, {'/'.join(name) or kind}{list(index)}"


RUNG = Rung(NAME, Question(ask, judge_answers, TASKS[NAME], {"gradient": OF_THE_MODEL, "update": OF_THE_UPDATE}))
