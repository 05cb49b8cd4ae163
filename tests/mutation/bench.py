"""Where the comparison itself is tried: true answers and traces of the reference as two float32 arms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import answering
from experiments import ARMS, digits, experiment
from planting import Edit, planted

import adapters
from harness.judging.context import Answer, Context
from harness.plan import draw_plan
from harness.records.trace import EpochRecord, Trace
from harness.records.verdict import Verdict
from harness.results.recorded import RecordedArm
from harness.rungs import registry
from harness.spec.experiment import Experiment
from harness.subjects.recorded.judging import Judge, judge_pair
from harness.subjects.recorded.pairing import ArmPair
from harness.system.array_files import PREDICTIONS, WEIGHTS, load_arrays
from harness.worker.session import Session
from harness.worker.sharing import share
from harness.worker.training import run_training

BY_NAME = registry.questions()
ASKED = ("self", "schedule", "model", "step")
BOTH = ("one", "other")


@dataclass(frozen=True)
class Bench:
    """`answers`: of both arms, by rung. `recorded`: of a whole training of each."""

    context: Context
    answers: Mapping[str, Mapping[str, Answer]]
    recorded: Mapping[str, RecordedArm]

    @property
    def traces(self) -> Mapping[str, Trace]:
        return {name: arm.trace for name, arm in self.recorded.items()}

    def judge(self, rung: str, answers: Mapping[str, Answer]) -> list[Verdict]:
        """Anew: nothing that was made before the comparison was changed."""
        return BY_NAME[rung].judge(self.fresh(), answers)

    def fresh(self) -> Context:
        return replace(self.context, made={}, spreads={})

    def of(self, spec: Experiment) -> Context:
        """The same context for another experiment."""
        return replace(self.fresh(), experiment=spec)

    def altered(self, rung: str, arm: str, **arrays: Any) -> dict[str, Answer]:
        """The rung's answers with some of one arm's arrays replaced, or left out where None is given."""
        true = self.answers[rung]
        changed = {**true[arm].arrays, **arrays}
        kept = {name: value for name, value in changed.items() if value is not None}
        return {**true, arm: replace(true[arm], arrays=kept)}

    def restated(self, rung: str, arm: str, **fields: Any) -> dict[str, Answer]:
        """The rung's answers with some of one arm's plain results replaced."""
        true = self.answers[rung]
        return {**true, arm: replace(true[arm], result={**true[arm].result, **fields})}

    def trained(self, arm: str, edits: tuple[Edit, ...] = ()) -> RecordedArm:
        return trained(self.context, arm, edits)

    def compared(self, **changed: Trace | RecordedArm) -> list[Verdict]:
        """What is said of the recorded trainings of both arms, some of them replaced, or only their traces."""
        arms = {
            name: replace(self.recorded[name], trace=arm) if isinstance(arm, Trace) else arm
            for name, arm in {**self.recorded, **changed}.items()
        }
        a, b = (arms[name] for name in BOTH)
        return judge_pair(Judge(self.context.experiment, self.fresh()), ArmPair("both", a, b))


def make_bench(folder: Path) -> Bench:
    spec, data = experiment("mlp"), digits()
    plan = draw_plan(spec, len(data.x_train))
    share(folder, spec, plan, data)
    context = Context(spec, plan, data, folder)
    questions = [(BY_NAME[rung].task, BY_NAME[rung].ask(context)) for rung in ASKED]
    told = {name: answering.answers(ARMS[name], str(folder), (), questions) for name in BOTH}
    answers = {
        rung: {name: Answer(ARMS[name], *told[name][number]) for name in BOTH} for number, rung in enumerate(ASKED)
    }
    return Bench(context, answers, {name: trained(context, name) for name in BOTH})


def trained(context: Context, name: str, edits: tuple[Edit, ...] = ()) -> RecordedArm:
    """What a worker records of the training, with or without a fault."""
    events: list[dict[str, Any]] = []
    folder = context.scratch / name
    folder.mkdir(exist_ok=True)
    with planted(edits):
        session = Session(adapters.load(ARMS[name]), lambda event, **fields: events.append(fields))
        done = run_training(session.at(str(context.scratch)), session.send, str(folder))
    started, _, *epochs = events
    done.pop("peak_rss_bytes")
    records = tuple(EpochRecord.model_validate(each) for each in epochs)
    trace = Trace(arm=ARMS[name], finished=True, epochs=records, **{**started, **done})
    return RecordedArm(trace, weights=load_arrays(folder / WEIGHTS), predictions=load_arrays(folder / PREDICTIONS))
