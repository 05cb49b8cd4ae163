"""No false alarms: of random specs, pairs that must be equal are found so by every rung of the ladder.

Each arm against itself (the rung `self`), one framework against the other, TensorFlow's graphs against its eager mode,
and the reference by one policy against the other. What each arm says of the test set after a whole training is held
against its final weights. `TWINRUN_RANDOM_SPECS=200` tries so many specs, and `TWINRUN_RANDOM_SEED=N` others; what they
came to is printed (`pytest -s`). `TWINRUN_RANDOM_FIRST=M` leaves out the first M, so that one that failed can be tried
again. `TWINRUN_RANDOM_PRECISION=mixed_float16` has all arms in that precision.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asked_here import Question, Told, done, tell
from random_specs import dataset, drawn
from residents import Ask, here

from harness.judging.checks import Check
from harness.judging.context import Answer, Context
from harness.plan import draw_plan
from harness.records.trace import EpochRecord, Trace
from harness.records.verdict import Verdict
from harness.rungs import checkpoints, evaluation, registry
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.system.ahead import OneAhead
from harness.system.array_files import PREDICTIONS, WEIGHTS, load_arrays
from harness.worker.sharing import share
from harness.worker.tasks import TASKS
from harness.worker.training import checkpoints_file

COUNT, SEED, FIRST = (
    int(os.environ.get(f"TWINRUN_RANDOM_{name}", usual))
    for name, usual in (("SPECS", "1"), ("SEED", "0"), ("FIRST", "0"))
)
PRECISION = {"precision": os.environ.get("TWINRUN_RANDOM_PRECISION", "float32")}
ARMS = {
    name: Arm.model_validate({"name": name, **fields, **PRECISION})
    for name, fields in {
        "pynative": {"adapter": "mindspore", "mode": "pynative"},
        "jit": {"adapter": "mindspore", "mode": "jit"},
        "eager": {"adapter": "tensorflow", "mode": "eager"},
        "graph": {"adapter": "tensorflow", "mode": "graph"},
        "native": {"adapter": "reference", "mode": "numpy", "realisation": "native"},
        "exact": {"adapter": "reference", "mode": "numpy", "realisation": "exact"},
    }.items()
}
# Single words go call by call, for a graph of each is what would take the time; but a thousand updates in one loop.
LOOPS, TRAININGS = ("clipping", "optimizer"), ("self", "model", "step", "trajectory")
REFUSED = {"pynative": LOOPS, "eager": LOOPS}
DATA = "data"  # of the digits only some are taken, which rung `inputs` would notice
TRAINED = ("pynative", "eager", "native")  # to the end; one of each process, which does one thing at a time
ASKED = {"jit": LOOPS, "graph": LOOPS + TRAININGS}


@dataclass(frozen=True)
class Answered:
    """What the arms made of one spec: by the arm's name what it answers to each rung, and the trainings."""

    context: Context
    told: Mapping[str, Mapping[str, Told]]
    traces: Sequence[Trace]


def test_no_false_alarms(
    in_mindspore: Ask, in_tensorflow: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Check, "detects", lambda *_: 0.0)  # certificates are another test's, and take half the time
    homes = {"mindspore": in_mindspore, "tensorflow": in_tensorflow, "reference": here}
    specs = drawn(COUNT - FIRST, SEED, list(ARMS.values()), FIRST)
    counts: Counter[str] = Counter()
    wrong = []
    for number, each in enumerate(answered(specs, tmp_path, homes), start=FIRST):
        if isinstance(each, Exception):
            wrong.append(f"spec {number}: {each!r}\n{specs[number - FIRST].model_dump_json()}")
            print(f"\nan error, {wrong[-1]}", flush=True)
            continue
        found = verdicts(each)
        counts.update(verdict.status for verdict in found)
        alarms = [verdict for verdict in found if verdict.status not in ("agrees", "known")]
        wrong += [f"spec {number}: {verdict!r}\n{specs[number - FIRST].model_dump_json()}" for verdict in alarms]
        if alarms:
            print(f"\n{len(alarms)} alarms, first {wrong[-len(alarms)]}", flush=True)
    print(f"\n{len(specs)} random specs of seed {SEED}: {counts.total()} checks, {dict(counts)}")
    assert not wrong, "\n".join(wrong)
    assert counts["agrees"] > 50 * len(specs)


def answered(specs: Sequence[Experiment], folder: Path, homes: Mapping[str, Ask]) -> Iterator[Answered | Exception]:
    """What the arms answer, spec by spec, or what an arm raised; while one is judged, the arms work on the next."""
    calls = [partial(asked_or_raised, spec, folder / str(number), homes) for number, spec in enumerate(specs)]
    with OneAhead(calls) as ahead:
        yield from ahead


def asked_or_raised(spec: Experiment, scratch: Path, homes: Mapping[str, Ask]) -> Answered | Exception:
    try:
        return asked(spec, scratch, homes)
    except Exception as error:  # an arm that fails is as wrong as a false alarm, and no reason not to try the others
        return error


def asked(spec: Experiment, scratch: Path, homes: Mapping[str, Ask]) -> Answered:
    """The answers of all arms about a spec, then its trainings; `homes`: in which process each adapter lives."""
    context = laid_out(spec, scratch)
    with np.errstate(all="ignore"):  # as `twinrun check` has it
        questions = {name: (each.task, each.ask(context)) for name, each in registry.questions().items()}
    kept = checkpoints.checkpointed_epochs(context)
    with ThreadPoolExecutor(len(ARMS)) as pool:
        told = {
            name: pool.submit(homes[arm.adapter], tell, arm, str(scratch), put_to(name, questions))
            for name, arm in ARMS.items()
        }
        answers = {name: each.result() for name, each in told.items()}
        ended = pool.map(lambda name: homes[ARMS[name].adapter](train, ARMS[name], str(scratch), kept), TRAINED)
        return Answered(context, answers, [Trace.model_validate(trace) for trace in ended])


def verdicts(spec: Answered) -> list[Verdict]:
    """Of every rung, on every two of the arms that were asked."""
    context, found = spec.context, list[Verdict]()
    with np.errstate(all="ignore"):  # as `twinrun check` has it
        for rung, question in registry.questions().items():
            answers = {name: Answer(ARMS[name], *own[rung]) for name, own in spec.told.items() if rung in own}
            found += [verdict for verdict in question.judge(context, answers) if verdict.arm_a != DATA]
        for trace in spec.traces:
            folder = context.scratch / trace.arm.name
            predictions = load_arrays(folder / PREDICTIONS) if (folder / PREDICTIONS).exists() else {}
            found += evaluation.judge_arm(context, trace, load_arrays(folder / WEIGHTS), predictions)
            checkpointed = load_arrays(context.scratch / checkpoints_file(trace.arm.name))
            found += checkpoints.judge_arm(context, trace, checkpointed)
    return found


def put_to(arm: str, questions: dict[str, Question]) -> dict[str, Question]:
    """Those of the questions that this arm is asked."""
    wanted = set(ASKED.get(arm, questions)) - set(REFUSED.get(arm, ()))
    return {rung: question for rung, question in questions.items() if rung in wanted}


def train(arm: Arm, scratch: str, kept: list[int]) -> dict[str, Any]:
    """The trace of a whole training, as plain values; its weights and predictions are left in the arm's folder.

    `kept`: the epochs after which checkpoints are taken.
    """
    folder = Path(scratch) / arm.name
    folder.mkdir()
    events, _, _ = done(arm, scratch, TASKS["train"], {"folder": str(folder), "checkpoints": kept})
    epochs = [{k: v for k, v in event.items() if k != "event"} for event in events if event["event"] == "epoch"]
    return Trace(arm=arm, finished=True, epochs=tuple(map(EpochRecord.model_validate, epochs))).model_dump()


def laid_out(spec: Experiment, scratch: Path) -> Context:
    """The context of a climb, with all that an arm reads in `scratch`."""
    data = dataset(spec)
    context = Context(spec, draw_plan(spec, len(data.x_train)), data, scratch)
    scratch.mkdir()
    share(scratch, spec, context.plan, data)
    return context
