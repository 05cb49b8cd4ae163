"""The tasks that the rungs give a worker. Each takes paths and plain values, and returns plain values and arrays.

The names of the parameters are the keys of the payload.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from adapters.protocol import Adapter, FloatArray, IntArray, UnsupportedSpecError
from harness.judging.cases import answers, given_of, slots_beside
from harness.plan import digest_arrays
from harness.records.tensor_key import TensorKey, below, keyed, of_kind, only, prefixed
from harness.rungs.free_run_tasks import free_run, probe, slots
from harness.spec.recipe import Update
from harness.spec.schedules import AnySchedule, Schedule
from harness.spec.vocabulary import parse
from harness.system.array_files import load_arrays
from harness.worker.session import Session
from harness.worker.task import Answered, Result, tasks

Plain = dict[str, Any]


OUTPUTS = "outputs"  # of the model in training, which an arm in mixed precision answers, by which its loss is judged


class ScheduleAnswer(Answered):
    """`forms`: of every schedule; the rates of form k are the array `k`."""

    forms: list[Plain]


class AppliedRateAnswer(Answered):
    """`realisation`: how the arm makes the optimizer."""

    realisation: Plain


class WordsAnswer(Answered):
    """`refused`: by the number of the case or word, the reason why the arm does not support it."""

    refused: dict[str, str]


class ModelAnswer(Answered):
    """The structure of the model, and the digests of the weights as read back and of the plan as received."""

    structure: Plain
    weights_digest: str
    plan_digest: str


class FreeRunAnswer(Answered):
    """`columns`: the names of the digests' columns."""

    columns: list[str]


def schedule(session: Session, scratch: str, schedules: list[Any], steps: str) -> Result:
    """The rates of every form of every schedule at the steps of the file, as far as the form computes them."""
    probed_steps = load_arrays(Path(steps))["steps"]
    replace = session.at(scratch).replacement.of
    words: list[Schedule] = [replace(TypeAdapter(AnySchedule).validate_python(payload)) for payload in schedules]
    arrays: dict[str, Any] = {}
    forms: list[dict[str, Any]] = []
    for number, word in enumerate(words):
        for form in session.adapter.schedule_forms(word):
            form_steps = probed_steps if form.last is None else probed_steps[probed_steps <= form.last]
            arrays[str(len(forms))] = np.asarray(form.rate(form_steps))
            forms.append(
                {
                    "schedule": number,
                    "name": form.name,
                    "realisation": asdict(form.realisation),
                    "used": form.used,
                    "differs": form.differs,
                    "last": form.last,
                }
            )
    return session.reply(arrays, forms=forms)


def applied_lr(session: Session, scratch: str, probes: str, updates: int, group: int = 1) -> Result:
    """`displacements` of the probed updates, each of so many batches."""
    e = session.at(scratch).experiment
    moved = displacements(session.adapter, e.update, load_arrays(Path(probes))["steps"], updates, group)
    return session.reply({"moved": moved}, realisation=asdict(session.adapter.realisation(e.optimizer)))


def displacements(adapter: Adapter, update: Update, probed: IntArray, updates: int, group: int) -> FloatArray:
    """How far each probed update moves a weight of 0 whose first gradients, ones, are those of its batches: (probes,).

    `group`: the number of batches of each of the `updates`.
    """
    gradients = [{"w": (probed == number).astype(np.float64)} for number in range(updates) for _ in range(group)]
    moved = np.zeros(len(probed))
    for batch, weights in enumerate(adapter.optimizer(update, {"w": np.zeros(len(probed))}, gradients)):
        if (batch + 1) % group == 0:
            is_probed = probed == batch // group
            moved[is_probed] = weights["w"][is_probed]
    return moved


def words(session: Session, scratch: str, cases: list[Any], given: str) -> Result:
    """The arm's results for each case, as `<number>/<tensor>`. `given`: the file of the cases' arrays."""
    replace = session.at(scratch).replacement.of
    arrays = load_arrays(Path(given))
    results: dict[str, Any] = {}
    refused: dict[str, str] = {}

    calls = [(case["call"], replace(given_of(case["call"], case["given"]))) for case in cases]
    results_of_calls = answers(session.adapter, calls, partial(below, arrays))
    for number, result in zip(session.counted(range(len(calls)), "cases"), results_of_calls, strict=True):
        if isinstance(result, UnsupportedSpecError):
            refused[str(number)] = str(result)
        else:
            results |= prefixed(number, result)
    return session.reply(results, refused=refused)


def initializer(session: Session, scratch: str, words: list[Any], shape: list[int], seed: int) -> Result:
    """For each word, a sample of the framework's own initializer, by the word's number."""
    session.at(scratch)
    samples: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for number, word in enumerate(words):
        try:
            samples[str(number)] = session.adapter.initializer(parse("initializer", word), tuple(shape), seed)
        except UnsupportedSpecError as error:
            refused[str(number)] = str(error)
    return session.reply(samples, refused=refused)


def model(session: Session, scratch: str) -> Result:
    """The realised model: its structure, the digest of its weights, its logits and gradients on the first batch."""
    trainer = session.at(scratch).trainer
    batch = session.batches(1)[0]
    x, y = session.batch(batch)
    weights_digest = digest_arrays(trainer.weights())
    arrays = {"logits": trainer.forward(x)}
    loss, gradients = trainer.loss_and_gradients(x, y, batch.noise)
    arrays |= keyed("gradient", gradients)
    if session.adapter.arm.compute_dtype:
        *_, arrays[OUTPUTS] = trainer.layers(x, batch.noise).values()
    return session.reply(
        {**arrays, "loss": np.array([loss])},
        structure=asdict(trainer.structure()),
        weights_digest=weights_digest,
        plan_digest=session.plan.digest,
    )


def step(session: Session, scratch: str, teacher: str, samples: int | None = None) -> Result:
    """Teacher-forced steps: the gradients at the teacher's weights, and the updates by the teacher's gradients.

    `samples`: of each batch as many samples from its beginning; None for all.
    """
    e = session.at(scratch).experiment
    inputs = load_arrays(Path(teacher))
    batches = session.batches(len(only(inputs, "loss")))
    batches = batches if samples is None else [batch.first(samples) for batch in batches]
    arrays: dict[str, Any] = {}
    state = [p.name for p in e.model.parameters() if not p.trainable]
    teacher_gradients = [of_kind(inputs, "gradient", k) for k in range(len(batches))]
    for k, batch in enumerate(session.counted(batches, "steps")):
        session.trainer.set_weights(of_kind(inputs, "weight", k))
        x, y = session.batch(batch)
        loss, gradients = session.trainer.loss_and_gradients(x, y, batch.noise)
        arrays[TensorKey("loss", step=k)] = np.array([loss])
        arrays |= keyed("gradient", gradients, k)
        if state:
            after = session.trainer.weights()
            arrays |= keyed("state", {name: after[name] for name in state}, k)
    first = of_kind(inputs, "weight", 0)
    # Those that the teacher trains, even if this arm freezes others.
    start = {name: first[name] for name in teacher_gradients[0]}
    updates = session.adapter.optimizer(e.update, start, teacher_gradients)
    for k, weights in enumerate(updates):
        arrays |= keyed("weight", weights, k + 1)
    return session.reply(arrays | slots_beside(session.adapter, e.update, start, teacher_gradients))


TASKS = tasks(
    __name__,
    {
        "schedule": (schedule, ScheduleAnswer),
        "applied-lr": (applied_lr, AppliedRateAnswer),
        "words": (words, WordsAnswer),
        "initializer": (initializer, WordsAnswer),
        "model": (model, ModelAnswer),
        "step": (step, Answered),
        "free-run": (free_run, FreeRunAnswer),
        "probe": (probe, Answered),
        "slots": (slots, Answered),
    },
)
