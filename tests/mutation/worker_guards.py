"""Workers that die, leave no answer or are of another arm, and what must be said of each."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench import Bench
from experiments import ARMS
from guards import Guard

from harness.records import outcome
from harness.records.failure import Failure, WorkerFailedError
from harness.rungs.tasks import TASKS
from harness.scenarios import ladder
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.system.array_files import save_arrays
from harness.system.progress import ignore
from harness.worker import pool
from harness.worker.process import Worker
from harness.worker.task import Task

FAILURE = Failure(symptom="signal", stage="model", message="killed")


class Dead:
    """A worker that dies when it is asked."""

    def __init__(self, arm: Arm) -> None:
        self.arm = arm

    def ask(self, task: Task, **payload: Any) -> Any:
        raise WorkerFailedError(FAILURE)

    def close(self) -> None:
        """There is nothing to close."""


class Waiting(Dead):
    """A worker that nobody has asked yet."""

    failed = False

    def turn_to(self, scratch: Path) -> None:
        """It is asked about nothing."""


class Lively(Dead):
    """A worker with an answer at hand."""

    def __init__(self, arm: Arm, bench: Bench) -> None:
        super().__init__(arm)
        self.bench = bench

    def ask(self, task: Task, **payload: Any) -> Any:
        answer = self.bench.answers["model"][self.arm.name]
        return answer.result, answer.arrays


def dead_worker(bench: Bench) -> None:
    spec = Experiment.model_validate({**bench.context.experiment.model_dump(), "rungs": ["model"]})
    context = replace(bench.fresh(), experiment=spec)
    told: list[str] = []
    workers: Any = [Dead(ARMS["one"]), Lively(ARMS["other"], bench)]
    found = ladder.climb(context, workers, lambda name, verdicts: None, lambda name, failure: told.append(name))
    assert told == ["one"]
    assert [verdict.arm_a for verdict in found if verdict.status == "crashed"] == ["one"]
    assert outcome.exit_code(found, []) == 3


def stale_answer(bench: Bench) -> None:
    """An answer is read once: where a worker leaves none to the next question, there is none."""
    path = bench.context.scratch / "one.answer.npz"
    save_arrays(path, {"logits": np.ones(3)})

    class Stub:
        scratch, arm, on_work = bench.context.scratch, ARMS["one"], staticmethod(ignore)

        def _fail(self, symptom: str, message: str) -> Exception:
            return FileNotFoundError(message)

        def stream(self, task: Task, **payload: Any) -> Any:
            return iter([{"event": "done", "result": {"arrays": str(path)}}])

    stub: Any = Stub()
    assert list(Worker.ask(stub, TASKS["model"])[1]) == ["logits"]
    try:
        arrays = Worker.ask(stub, TASKS["step"])[1]
    except FileNotFoundError:
        return
    raise AssertionError(f"the answer to an earlier question was read: {list(arrays)}")


def another_arms_worker(bench: Bench) -> None:
    """Two arms that differ in their name alone, or in their precision, are not one process."""
    one = ARMS["one"]
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setattr(pool, "Worker", lambda arm, folder, scratch: Waiting(arm))
        workers = stack.enter_context(pool.Workers(bench.context.scratch / "pool"))
        for other in (ARMS["other"], one.model_copy(update={"precision": "float64"})):
            found = [workers.of(arm, bench.context.scratch) for arm in (one, other, one)]
            assert [each.arm for each in found] == [one, other, one]
            assert found[0] is found[2]


GUARDS: tuple[Guard, ...] = (dead_worker, stale_answer, another_arms_worker)
