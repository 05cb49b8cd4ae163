"""A recorded arm answers what it was asked on its host; what it was not asked is kept, to be asked there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.records.failure import Failure, WorkerFailedError
from harness.results.answers import RecordedAnswer
from harness.rungs.carried import Asked
from harness.rungs.tasks import TASKS
from harness.scenarios.hosts.further import Missing
from harness.scenarios.hosts.recorded_arm import RecordedArm
from harness.spec.arm import Arm
from harness.system.array_files import save_arrays

ARM = Arm(name="a", adapter="reference", mode="numpy")


def question(folder: Path, scale: float = 1.0) -> Asked:
    folder.mkdir(exist_ok=True)
    save_arrays(folder / "teacher.npz", {"loss": scale * np.array([0.25, 3.0])})
    return Asked(TASKS["step"], {"teacher": str(folder / "teacher.npz")})


def answered(asked: Asked) -> dict[str, RecordedAnswer]:
    return {asked.digest: RecordedAnswer(asked.digest, {"said": 1}, {"loss": np.zeros(2)})}


def test_it_answers_as_it_did_on_its_host(tmp_path: Path) -> None:
    asked = question(tmp_path / "here")
    result, arrays = RecordedArm(ARM, answered(asked)).ask(asked.task, **asked.payload)
    assert result == {"said": 1}
    assert list(arrays) == ["loss"]


def test_the_last_bits_of_another_processor_are_no_other_question(tmp_path: Path) -> None:
    carried, here = question(tmp_path / "there"), question(tmp_path / "here", 1 + 1e-14)
    assert here.digest != carried.digest
    result, _ = RecordedArm(ARM, answered(carried), [carried]).ask(here.task, **here.payload)
    assert result == {"said": 1}


def test_another_question_is_kept_to_be_asked(tmp_path: Path) -> None:
    carried, here = question(tmp_path / "there"), question(tmp_path / "here", 1.5)
    missing = Missing(tmp_path / "missing")
    recorded = RecordedArm(ARM, answered(carried), [carried], on_missing=missing.adder("a"))
    with pytest.raises(WorkerFailedError, match="no answer to this question") as failed:
        recorded.ask(here.task, **here.payload)
    assert failed.value.failure.status == "unverified"
    assert [asked.digest for asked in missing.questions.values()] == [here.digest]
    assert list(missing.arms.values()) == ["a"]


def test_an_arm_that_failed_on_its_host_fails_where_it_failed(tmp_path: Path) -> None:
    carried, here = question(tmp_path / "there"), question(tmp_path / "here", 1.5)
    missing = Missing(tmp_path / "missing")
    failure = Failure(symptom="signal", stage="step", message="killed by SIGSEGV")
    recorded = RecordedArm(ARM, answered(carried), failure=failure, on_missing=missing.adder("a"))
    recorded.ask(carried.task, **carried.payload)  # what it answered before is there
    with pytest.raises(WorkerFailedError, match="SIGSEGV"):
        recorded.ask(here.task, **here.payload)
    assert missing.questions == {}


def test_an_answer_of_another_form_is_no_answer(tmp_path: Path) -> None:
    asked = Asked(TASKS["free-run"], {"steps": 3, "runs": {}})
    with pytest.raises(WorkerFailedError, match="the result of free-run is not whole: 'columns'") as failed:
        RecordedArm(ARM, answered(asked)).ask(asked.task, **asked.payload)
    assert failed.value.failure.symptom == "protocol"
