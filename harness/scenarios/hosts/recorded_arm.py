"""A recorded arm in the place of a worker: it answers a question if its recording has the answer.

A question that it has no answer to is kept, to be asked of the live arm on its host: see `further`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.records.failure import NOT_RECORDED, Failure, WorkerFailedError
from harness.results.answers import RecordedAnswer
from harness.rungs.carried import Asked, same_question
from harness.spec.arm import Arm
from harness.system.array_files import Arrays
from harness.worker.events import Event, ProtocolError, check_result
from harness.worker.task import Task

NO_ANSWER = "its recording has no answer to this question"


@dataclass
class RecordedArm:
    """`answers`: what was recorded, by the question's digest. `carried`: the questions of the exported file; one that
    is asked here with other last bits is answered by the answer to the one that was carried.

    `failure`: why the arm answers nothing. `on_missing`: is given each question without an answer.
    """

    arm: Arm
    answers: Mapping[str, RecordedAnswer]
    carried: Sequence[Asked] = ()
    failure: Failure | None = None
    on_missing: Callable[[Asked], None] = lambda asked: None

    def ask(self, task: Task, **payload: Any) -> tuple[Event, Arrays]:
        """The recorded answer. Raises WorkerFailedError where there is none, it is malformed, or the arm had failed."""
        asked = Asked(task, payload)
        answer = self._recorded(asked)
        if answer is not None:
            _require_form(task, answer)
            return dict(answer.result), dict(answer.arrays)
        if self.failure is not None:
            raise WorkerFailedError(self.failure)
        self.on_missing(asked)
        raise WorkerFailedError(Failure(symptom=NOT_RECORDED, stage=task.name, message=NO_ANSWER))

    def close(self) -> None:
        """Nothing is to be ended."""

    def _recorded(self, asked: Asked) -> RecordedAnswer | None:
        digest = asked.digest
        if digest in self.answers:
            return self.answers[digest]
        carried = (other for other in self.carried if other.digest in self.answers and same_question(asked, other))
        other = next(carried, None)
        return None if other is None else self.answers[other.digest]


def _require_form(task: Task, answer: RecordedAnswer) -> None:
    """Holds the answer against the form of the task's result, as a worker's is: it comes from another host."""
    try:
        check_result(task, {**answer.result, "arrays": ""})  # these are in a file of their own
    except ProtocolError as error:
        raise WorkerFailedError(Failure(symptom="protocol", stage=task.name, message=str(error))) from None
