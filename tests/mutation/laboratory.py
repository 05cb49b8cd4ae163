"""Puts a rung's question to an arm with a fault, and judges its answer beside another arm's true one."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import answering
import numpy as np
import pytest
from experiments import ARMS, BESIDE, digits, experiment
from faults import Fault, asked_of
from muffled import hush
from planting import Edit

from adapters.reference import disturbed
from harness.judging import cases
from harness.judging.checks import Check
from harness.judging.context import Answer, Context
from harness.plan import draw_plan
from harness.records.verdict import Verdict
from harness.rungs import case_rung, initializer, optimizer, plan_laws, registry, self_consistency
from harness.spec.arm import Arm
from harness.worker.sharing import share

BY_NAME = registry.questions()
ORDER = tuple(BY_NAME)
UPDATES = 20  # to be replayed by rung `optimizer`, which has a thousand: call by call these would be most of the time
TIMEOUT_S = 300.0

Answered = Future[list[answering.Told]]


@dataclass
class Laboratory:
    """`processes`: one for each framework, and for the reference. Everything is asked once."""

    folder: Path
    processes: dict[str, ProcessPoolExecutor] = field(default_factory=dict)
    contexts: dict[str, Context] = field(default_factory=dict)
    true: dict[tuple[str, str, str], Answered] = field(default_factory=dict)
    faulty: dict[str, Answered] = field(default_factory=dict)

    def context(self, name: str) -> Context:
        if name not in self.contexts:
            scratch = self.folder / name
            scratch.mkdir()
            spec, data = experiment(name), digits()
            plan = draw_plan(spec, len(data.x_train))
            share(scratch, spec, plan, data)
            self.contexts[name] = Context(spec, plan, data, scratch)
        return self.contexts[name]

    def asked(self, name: str, arm: str, edits: Sequence[Edit], rungs: Sequence[str]) -> Answered:
        """The arm's answers to the rungs, in order, from a process of its framework."""
        context = self.context(name)
        with hurried():
            questions = [(BY_NAME[rung].task, self._payload(context, rung)) for rung in rungs]
        process = self._process(ARMS[arm])
        return process.submit(answering.answers, ARMS[arm], str(context.scratch), tuple(edits), questions)

    def ask(self, faults: Sequence[Fault]) -> None:
        """About all these faults, and what their counterparts answer, without waiting."""
        for fault in faults:
            other = BESIDE[ARMS[fault.arm].adapter]
            for rung in asked_of(fault, ORDER):
                if rung != self_consistency.NAME:
                    self.truth(fault.experiment, other, rung)
            self.asked_of(fault)

    def asked_of(self, fault: Fault) -> Answered:
        """What the arm with the fault answers, rung by rung."""
        if fault.name not in self.faulty:
            rungs = asked_of(fault, ORDER)
            self.faulty[fault.name] = self.asked(fault.experiment, fault.arm, fault.edits, rungs)
        return self.faulty[fault.name]

    def truth(self, name: str, arm: str, rung: str) -> Answered:
        """What the arm answers without a fault."""
        key = name, arm, rung
        if key not in self.true:
            self.true[key] = self.asked(name, arm, (), [rung])
        return self.true[key]

    def judged(self, name: str, arm: str, rung: str, told: answering.Told) -> list[Verdict]:
        """The rung's verdicts on this answer of the arm, beside the other's true one; in rung `self` by itself."""
        found = {arm: Answer(ARMS[arm], *told)}
        if rung != self_consistency.NAME:
            other = BESIDE[ARMS[arm].adapter]
            (beside,) = self.truth(name, other, rung).result(TIMEOUT_S)
            found[other] = Answer(ARMS[other], *beside)
        with hurried():
            return BY_NAME[rung].judge(self.context(name), found)

    def _payload(self, context: Context, rung: str) -> dict[str, Any]:
        payload: dict[str, Any] = context.once(("payload", rung), lambda: BY_NAME[rung].ask(context))
        return payload

    def _process(self, arm: Arm) -> ProcessPoolExecutor:
        if arm.adapter not in self.processes:
            spawn = multiprocessing.get_context("spawn")
            self.processes[arm.adapter] = ProcessPoolExecutor(max_workers=1, mp_context=spawn, initializer=hush)
        return self.processes[arm.adapter]

    def close(self) -> None:
        for process in self.processes.values():
            process.shutdown(cancel_futures=True)


@contextmanager
def hurried() -> Iterator[None]:
    """Fewer updates in rung `optimizer`, no certificates, and what the reference makes of a case made once.

    The experiments' digits are in no file: rung `inputs` has nothing to hold the sets against.
    """
    patch = pytest.MonkeyPatch()
    patch.setattr(optimizer, "UPDATES", UPDATES)
    patch.setattr(case_rung, "answer", _once(cases.answer))
    patch.setattr(plan_laws, "sets_verdicts", lambda context, data: [])
    patch.setattr(Check, "detects", lambda check, a, b: np.nan)
    patch.setattr(initializer, "detects", lambda word, sample, precision: np.nan)
    try:
        yield
    finally:
        patch.undo()


_made: dict[Any, Any] = {}


def _once(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Of an adapter, a call, what it is given, and arrays."""

    def made(adapter: Any, call: str, given: Any, arrays: Any) -> Any:
        if disturbed.is_disturbing():  # each draw of a ledger's bound is another result
            return answer(adapter, call, given, arrays)
        bytes_of = tuple((name, np.asarray(value).tobytes()) for name, value in arrays.items())
        key = adapter.arm, call, given, bytes_of
        try:
            hash(key)
        except TypeError:
            key = repr(key[:3]), bytes_of
        if key not in _made:
            _made[key] = answer(adapter, call, given, arrays)
        return _made[key]

    return made
