"""What an interpreter is asked before it runs a side of a gate, and whose code its workers then import."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from made_up_traces import arm

import harness
from harness.records import timing
from harness.records.interpreter import Interpreter
from harness.worker.interpreter import InterpreterError, interpreter_at, source_digest, this_interpreter
from harness.worker.process import environment_of
from harness.worker.task import PROTOCOL

CHECKOUT = Path(harness.__file__).parents[1]


def made_up(
    folder: Path, requests: object = PROTOCOL, timed: object = timing.PROTOCOL, experiment: str = "return None"
) -> Path:
    """The folder of a twinrun that speaks these protocols. `experiment`: what reading one does."""
    sources = {
        "harness/__init__.py": "__version__ = '9.8'",
        "harness/worker/__init__.py": "",
        "harness/worker/task.py": f"PROTOCOL = {requests}",
        "harness/records/__init__.py": "",
        "harness/records/timing.py": f"PROTOCOL = {timed}",
        "harness/spec/__init__.py": "",
        "harness/spec/experiment.py": (
            f"class Experiment:\n    @staticmethod\n    def model_validate_json(text):\n        {experiment}"
        ),
        "adapters/__init__.py": "",
    }
    for place, text in sources.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text + "\n")
    return folder


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_twinrun_that_can_be_asked(tmp_path: Path) -> None:
    code = made_up(tmp_path)
    found = interpreter_at(sys.executable, code, "{}")
    assert found == Interpreter(python=sys.executable, code=str(code), twinrun="9.8", source=source_digest(code))


def test_this_very_checkout() -> None:
    found = interpreter_at(sys.executable, CHECKOUT)
    assert found == this_interpreter()


def test_what_is_installed_counts_and_not_what_is_beside_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interpreter brings its own path, as an environment does; that of this process does not reach it."""
    own, other = made_up(tmp_path / "own"), made_up(tmp_path / "other", requests=PROTOCOL + 1)
    monkeypatch.setenv("PYTHONPATH", str(other))
    monkeypatch.chdir(other)
    python = script(tmp_path / "python", f'PYTHONPATH="{own}:$PYTHONPATH" exec "{sys.executable}" -S "$@"')
    assert interpreter_at(python).code == str(own)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"requests": PROTOCOL + 1}, f"has twinrun 9.8, which speaks protocol {PROTOCOL + 1}; twinrun"),
        ({"timed": timing.PROTOCOL + 1}, f"times by version {timing.PROTOCOL + 1} of the protocol of timing"),
        (
            {"experiment": "raise ValueError('no word\\n  adam')"},
            "twinrun 9.8 cannot read this experiment (no word adam",
        ),
    ],
)
def test_a_twinrun_that_cannot_be_asked_is_refused_by_name(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    code = made_up(tmp_path, **changes)  # type: ignore[arg-type]
    with pytest.raises(InterpreterError) as caught:
        interpreter_at(sys.executable, code, "{}")
    (reason,) = caught.value.reasons
    assert said in reason


def test_all_reasons_at_once(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError) as caught:
        interpreter_at(sys.executable, made_up(tmp_path, requests=1, timed=7))
    assert len(caught.value.reasons) == 2


def test_a_twinrun_of_before_protocols_had_numbers(tmp_path: Path) -> None:
    code = made_up(tmp_path)
    (code / "harness/records/timing.py").unlink()
    with pytest.raises(InterpreterError, match="times by version 0"):
        interpreter_at(sys.executable, code)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'exec "{sys.executable}" -S "$@"', "has no twinrun that it can import (ModuleNotFoundError"),
        ("exit 3", "has no twinrun that it can import (exit code 3)"),
        ("echo hello", "does not say which twinrun it has; is it a Python?"),
        ("echo '[1]'", "does not say which twinrun it has; is it a Python?"),
    ],
)
def test_what_has_no_twinrun(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InterpreterError) as caught:
        interpreter_at(script(tmp_path / "python", text))
    assert said in str(caught.value)


def test_what_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InterpreterError, match="cannot be run"):
        interpreter_at(str(tmp_path / "none"))
    monkeypatch.setattr("harness.worker.interpreter.TIMEOUT_S", 0.2)
    with pytest.raises(InterpreterError, match="does not answer within"):
        interpreter_at(script(tmp_path / "python", "exec sleep 30"))


def test_the_digest_changes_with_the_source_alone(tmp_path: Path) -> None:
    code = made_up(tmp_path)
    before = source_digest(code)
    (code / "README.md").write_text("text")
    assert source_digest(code) == before
    (code / "adapters/more.py").write_text("")
    assert source_digest(code) != before


def test_its_workers_import_its_own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    code = made_up(tmp_path)
    base = Interpreter(python="/base/bin/python", code=str(code), twinrun="9.8", source="")
    (code / "harness/worker/child.py").write_text("")
    running = base.running(arm("one"))
    assert running.python == "/base/bin/python"
    assert environment_of(running)["PYTHONPATH"] == str(code)
    with_path = arm("one").model_copy(update={"environment": {"PYTHONPATH": "/mine", "OTHER": "1"}})
    environment = environment_of(base.running(with_path))
    assert environment["PYTHONPATH"].split(os.pathsep) == [str(code), "/mine"]
    assert environment["OTHER"] == "1"
    # Any other arm imports the code of this process.
    assert environment_of(with_path)["PYTHONPATH"].split(os.pathsep) == ["/mine", str(CHECKOUT)]
