"""A pool ends every worker, also where a signal arrives while it ends them; a kept one serves run after run."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from harness.spec.arm import Arm
from harness.system.stopping import heeding_signals
from harness.worker import pool
from harness.worker.pool import KeptWorkers, Workers


class Closing:
    """What the pool needs of a worker to close it; it sends a signal meanwhile."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        signal.raise_signal(signal.SIGTERM)
        self.closed = True


def test_an_interruption_ends_all_workers_first(tmp_path: Path) -> None:
    workers, closing = Workers(tmp_path), [Closing(), Closing(), Closing()]
    alive: Any = {str(number): worker for number, worker in enumerate(closing)}
    workers._alive = alive
    with heeding_signals(), pytest.raises(KeyboardInterrupt):
        workers.close()
    assert [worker.closed for worker in closing] == [True] * 3


class Idle:
    """Stands for a worker: it writes a line to its log whenever it turns to an experiment."""

    made: ClassVar[list[Idle]] = []

    def __init__(self, arm: Arm, folder: Path, scratch: Path) -> None:
        self.arm, self.log, self.failed, self.closed = arm, folder / "worker.log", False, False
        self.log.write_text("imported\n")
        self.made.append(self)

    def turn_to(self, scratch: Path) -> None:
        with self.log.open("a") as log:
            log.write(f"{scratch}\n")

    def close(self) -> None:
        self.closed = True


def kept_arm(name: str, **fields: Any) -> Arm:
    return Arm.model_validate({"name": name, "adapter": "reference", "mode": "numpy", **fields})


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeptWorkers:
    monkeypatch.setattr(pool, "Worker", Idle)
    monkeypatch.setattr(Idle, "made", [])
    (tmp_path / "kept").mkdir()
    return KeptWorkers(tmp_path / "kept")


def asked(kept: KeptWorkers, folder: Path, *arms: Arm) -> list[Any]:
    with kept.lent(folder) as workers:
        return [workers.of(arm, folder / ".scratch") for arm in arms]


def test_a_worker_is_kept_for_an_arm_of_the_very_same_settings(tmp_path: Path, kept: KeptWorkers) -> None:
    same, other = kept_arm("a"), kept_arm("a", precision="float64")
    (first,) = asked(kept, tmp_path / "0", same)
    assert asked(kept, tmp_path / "1", same) == [first]
    (second,) = asked(kept, tmp_path / "2", other)
    assert second is not first
    assert first.closed  # nothing asks it any more
    (third,) = asked(kept, tmp_path / "3", same)
    assert third is not first
    kept.close()
    assert [worker.closed for worker in Idle.made] == [True, True, True]


def test_a_worker_that_has_failed_is_not_kept(tmp_path: Path, kept: KeptWorkers) -> None:
    (first,) = asked(kept, tmp_path / "0", kept_arm("a"))
    first.failed = True
    (second,) = asked(kept, tmp_path / "1", kept_arm("a"))
    assert second is not first
    assert not second.closed


def test_each_run_has_its_own_part_of_the_log(tmp_path: Path, kept: KeptWorkers) -> None:
    for number in range(3):
        asked(kept, tmp_path / str(number), kept_arm("a"), kept_arm("b"))
    for number, imported in enumerate(["imported\n", "", ""]):
        for name in "ab":
            log = tmp_path / str(number) / "arms" / name / "worker.log"
            assert log.read_text() == f"{imported}{tmp_path / str(number) / '.scratch'}\n"
