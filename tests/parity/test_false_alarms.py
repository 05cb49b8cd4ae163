"""No false alarms: of random specs, pairs that must be equal are found so by every rung of the ladder.

Each arm against itself (the rung `self`), one framework against the other, TensorFlow's graphs against its eager mode,
and the reference by one policy against the other. What each arm says of the test set after a whole training is held
against its final weights. `TWINRUN_RANDOM_SPECS=200` tries so many specs, and
`TWINRUN_RANDOM_SEED=N` others; what they came to is printed (`pytest -s`).
"""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asked_here import Question, done, tell
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
from harness.system.array_files import PREDICTIONS, WEIGHTS, load_arrays
from harness.worker.sharing import share
from harness.worker.tasks import TASKS
from harness.worker.training import checkpoints_file

COUNT, SEED = (int(os.environ.get(f"TWINRUN_RANDOM_{name}", usual)) for name, usual in (("SPECS", "3"), ("SEED", "0")))
ARMS = {
    arm.name: arm
    for arm in (
        Arm(name="pynative", adapter="mindspore", mode="pynative"),
        Arm(name="jit", adapter="mindspore", mode="jit"),
        Arm(name="eager", adapter="tensorflow", mode="eager"),
        Arm(name="graph", adapter="tensorflow", mode="graph"),
        Arm(name="native", adapter="reference", mode="numpy", realisation="native"),
        Arm(name="exact", adapter="reference", mode="numpy", realisation="exact"),
    )
}
# Single words go call by call, for a graph of each is what would take the time; but a thousand updates in one loop.
LOOPS, TRAININGS = ("clipping", "optimizer"), ("self", "model", "step", "trajectory")
REFUSED = {"pynative": LOOPS, "eager": LOOPS}
DATA = "data"  # of the digits only some are taken, which rung `inputs` would notice
TRAINED = ("pynative", "eager", "native")  # to the end; one of each process, which does one thing at a time
ASKED = {"jit": LOOPS, "graph": LOOPS + TRAININGS}


def test_no_false_alarms(
    in_mindspore: Ask, in_tensorflow: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Check, "detects", lambda *_: 0.0)  # certificates are another test's, and take half the time
    homes = {"mindspore": in_mindspore, "tensorflow": in_tensorflow, "reference": here}
    specs = drawn(COUNT, SEED, list(ARMS.values()))
    counts: Counter[str] = Counter()
    wrong = []
    for number, spec in enumerate(specs):
        found = verdicts(spec, tmp_path / str(number), homes)
        counts.update(verdict.status for verdict in found)
        wrong += [(number, verdict) for verdict in found if verdict.status not in ("agrees", "known")]
    print(f"\n{COUNT} random specs of seed {SEED}: {counts.total()} checks, {dict(counts)}")
    told = [f"spec {number}: {verdict!r}\n{specs[number].model_dump_json()}" for number, verdict in wrong]
    assert not wrong, "\n".join(told)
    assert counts["agrees"] > 50 * COUNT


def verdicts(spec: Experiment, scratch: Path, homes: dict[str, Ask]) -> list[Verdict]:
    """Of every rung, on every two of the arms that are asked; `homes`: in which process each adapter lives."""
    context = laid_out(spec, scratch)
    questions = {name: (asked.task, asked.ask(context)) for name, asked in registry.questions().items()}
    with ThreadPoolExecutor(len(ARMS)) as pool:
        pending = {
            name: pool.submit(homes[arm.adapter], tell, arm, str(scratch), put_to(name, questions))
            for name, arm in ARMS.items()
        }
        told = {name: each.result() for name, each in pending.items()}
    found = []
    with np.errstate(all="ignore"):  # as `twinrun check` has it
        for rung, question in registry.questions().items():
            answers = {name: Answer(ARMS[name], *own[rung]) for name, own in told.items() if rung in own}
            found += [verdict for verdict in question.judge(context, answers) if verdict.arm_a != DATA]
        with ThreadPoolExecutor(len(TRAINED)) as pool:
            kept = checkpoints.checkpointed_epochs(context)
            ended = pool.map(lambda name: homes[ARMS[name].adapter](train, ARMS[name], str(scratch), kept), TRAINED)
            traces = [Trace.model_validate(trace) for trace in ended]
        for trace in traces:
            folder = scratch / trace.arm.name
            predictions = load_arrays(folder / PREDICTIONS) if (folder / PREDICTIONS).exists() else {}
            found += evaluation.judge_arm(context, trace, load_arrays(folder / WEIGHTS), predictions)
            found += checkpoints.judge_arm(context, trace, load_arrays(scratch / checkpoints_file(trace.arm.name)))
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
