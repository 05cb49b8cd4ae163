"""What the rungs ask a worker. Each task takes paths and plain values, and returns plain values and arrays."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from adapters.protocol import UnsupportedSpecError
from harness.judging.cases import answers, given_of
from harness.plan import digest_arrays
from harness.records.tensor_key import TensorKey, below, keyed, of_kind, only, prefixed
from harness.rungs.free_run_tasks import free_run, probe, slots
from harness.spec.schedules import AnySchedule, Schedule
from harness.spec.vocabulary import parse
from harness.system.array_files import load_arrays
from harness.worker.session import Session
from harness.worker.task import Answered, Result, tasks

Plain = dict[str, Any]


class Scheduled(Answered):
    forms: list[Plain]


class Applied(Answered):
    realisation: Plain


class Worded(Answered):
    refused: dict[str, str]


class Modelled(Answered):
    structure: Plain
    weights_digest: str
    plan_digest: str


class Freed(Answered):
    columns: list[str]


def schedule(session: Session, scratch: str, schedules: list[Any], steps: str) -> Result:
    """The rates of every form of every schedule at the given steps."""
    at = load_arrays(Path(steps))["steps"]
    own = session.at(scratch).replacement.of
    words: list[Schedule] = [own(TypeAdapter(AnySchedule).validate_python(each)) for each in schedules]
    arrays: dict[str, Any] = {}
    forms: list[dict[str, Any]] = []
    for number, word in enumerate(words):
        for form in session.adapter.schedule_forms(word):
            arrays[str(len(forms))] = np.asarray(form.rate(at if form.last is None else at[at <= form.last]))
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


def applied_lr(session: Session, scratch: str, probes: str, updates: int) -> Result:
    """How far each probed update moves a weight that meets its first, unit, gradient there."""
    e = session.at(scratch).experiment
    at = load_arrays(Path(probes))["steps"]
    gradients = [{"w": (at == update).astype(np.float64)} for update in range(updates)]
    moved = np.zeros(len(at))
    start = {"w": np.zeros(len(at))}
    for update, weights in enumerate(session.adapter.optimizer(e.update, start, gradients)):
        here = at == update
        moved[here] = weights["w"][here]
    return session.reply({"moved": moved}, realisation=asdict(session.adapter.realisation(e.optimizer)))


def words(session: Session, scratch: str, cases: list[Any], given: str) -> Result:
    """What this arm makes of each case; `refused` holds the reasons, by the number of the case."""
    own = session.at(scratch).replacement.of
    arrays = load_arrays(Path(given))
    found: dict[str, Any] = {}
    refused: dict[str, str] = {}

    given_to = [(case["call"], own(given_of(case["call"], case["given"]))) for case in cases]
    for number, answered in enumerate(answers(session.adapter, given_to, partial(below, arrays))):
        if isinstance(answered, UnsupportedSpecError):
            refused[str(number)] = str(answered)
        else:
            found |= prefixed(number, answered)
    return session.reply(found, refused=refused)


def initializer(session: Session, scratch: str, words: list[Any], shape: list[int], seed: int) -> Result:
    """A sample of the framework's own initializer for each word; `refused` as in `words`."""
    session.at(scratch)
    found: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for number, word in enumerate(words):
        try:
            found[str(number)] = session.adapter.initializer(parse("initializer", word), tuple(shape), seed)
        except UnsupportedSpecError as error:
            refused[str(number)] = str(error)
    return session.reply(found, refused=refused)


def model(session: Session, scratch: str) -> Result:
    """The realised model: its structure, its weights as read back, its logits and gradients on the first batch."""
    trainer = session.at(scratch).trainer
    batch = session.batches(1)[0]
    x, y = session.batch(batch)
    weights_digest = digest_arrays(trainer.weights())
    arrays = {"logits": trainer.forward(x)}
    loss, gradients = trainer.loss_and_gradients(x, y, batch.noise)
    arrays |= keyed("gradient", gradients)
    return session.reply(
        {**arrays, "loss": np.array([loss])},
        structure=asdict(trainer.structure()),
        weights_digest=weights_digest,
        plan_digest=session.plan.digest,
    )


def step(session: Session, scratch: str, teacher: str) -> Result:
    """Teacher-forced: the gradients at the teacher's weights, and the updates by the teacher's gradients."""
    e = session.at(scratch).experiment
    forced = load_arrays(Path(teacher))
    batches = session.batches(len(only(forced, "loss")))
    arrays: dict[str, Any] = {}
    trainable = [p.name for p in e.model.parameters() if p.trainable]
    kept = [name for name in session.plan.weights if name not in trainable]
    given = [of_kind(forced, "gradient", k) for k in range(len(batches))]
    for k, batch in enumerate(batches):
        session.trainer.set_weights(of_kind(forced, "weight", k))
        x, y = session.batch(batch)
        loss, gradients = session.trainer.loss_and_gradients(x, y, batch.noise)
        arrays[TensorKey("loss", step=k)] = np.array([loss])
        arrays |= keyed("gradient", gradients, k)
        if kept:
            after = session.trainer.weights()
            arrays |= keyed("state", {name: after[name] for name in kept}, k)
    first = of_kind(forced, "weight", 0)
    start = {name: first[name] for name in trainable}
    updates = session.adapter.optimizer(e.update, start, given)
    for k, weights in enumerate(updates):
        arrays |= keyed("weight", weights, k + 1)
    return session.reply(arrays)


TASKS = tasks(
    __name__,
    {
        "schedule": (schedule, Scheduled),
        "applied-lr": (applied_lr, Applied),
        "words": (words, Worded),
        "initializer": (initializer, Worded),
        "model": (model, Modelled),
        "step": (step, Answered),
        "free-run": (free_run, Freed),
        "probe": (probe, Answered),
        "slots": (slots, Answered),
    },
)
