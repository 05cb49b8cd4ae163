"""What a worker's libraries leave among the temporary files goes with the worker."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path
from typing import Any

import pytest
from misbehaving import misbehaving

from harness.spec import Arm
from harness.system.stopping import heeding_signals
from harness.worker import Workers
from harness.worker.tasks import TASKS
from harness.worker.temporary import MOST_BYTES, Temporary

LEAVES = "import tempfile\nANSWER['environment'] = {'left': tempfile.mkstemp(suffix='.py')[1]}"


def left_by(folder: Path, **fields: object) -> Path:
    """Where a temporary file of a worker lies that has been ended since."""
    with misbehaving(folder, LEAVES, **fields) as worker:
        answer, _ = worker.ask(TASKS["doctor"])
        path = Path(answer["environment"]["left"])
        assert path.is_file()
    return path


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's place for temporary files."""
    folder = tmp_path / "shared"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_worker_leaves_no_temporary_file(shared: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        path = left_by(Path(short))
        assert path.is_relative_to(short)
        left = {entry.name for entry in Path(short).iterdir()} - {"__pycache__"}
        assert left == {"sitecustomize.py", "worker.log"}
    assert list(shared.iterdir()) == []


def test_a_folder_too_long_for_a_socket_is_not_used(tmp_path: Path, shared: Path) -> None:
    deep = tmp_path / ("d" * MOST_BYTES)
    deep.mkdir()
    path = left_by(deep)
    assert path.is_relative_to(shared)
    assert [*shared.iterdir(), *deep.glob(".temporary-*")] == []


def test_a_folder_too_long_is_better_than_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    deep = tmp_path / ("d" * MOST_BYTES)
    deep.mkdir()
    assert left_by(deep).is_relative_to(deep)
    assert list(deep.glob(".temporary-*")) == []


def test_an_arm_keeps_the_place_that_it_names(tmp_path: Path) -> None:
    named = {"TMPDIR": "/of/the/user"}
    temporary = Temporary(tmp_path, named)
    assert temporary.environment == {}
    temporary.close()
    assert list(tmp_path.iterdir()) == []


def test_nothing_stays_of_a_worker_that_is_interrupted_while_it_starts(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interruption comes right after its folder is made, when nobody knows of it yet."""
    deep = tmp_path / ("d" * MOST_BYTES)
    make = tempfile.mkdtemp

    def make_and_interrupt(*arguments: Any, **keywords: Any) -> str:
        path = make(*arguments, **keywords)
        os.kill(os.getpid(), signal.SIGTERM)
        return path

    monkeypatch.setattr(tempfile, "mkdtemp", make_and_interrupt)
    with heeding_signals(), pytest.raises(KeyboardInterrupt), Workers(deep) as workers:
        workers.of(Arm(name="one", adapter="reference", mode="numpy"), tmp_path)
    assert [*shared.iterdir(), *deep.rglob(".temporary-*")] == []
