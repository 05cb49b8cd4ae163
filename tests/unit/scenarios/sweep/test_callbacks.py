"""Hydra's callbacks are called for each row, and at the end also after a failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from made_up_sweeps import ended, failed, job, sweep, written

from harness.scenarios.sweep.callbacks import JobCallbacks


class Recorder:
    """A callback of a user's."""

    calls: ClassVar[list[tuple[Any, ...]]] = []

    def __init__(self, tag: str) -> None:
        self.tag = tag

    def on_multirun_start(self, config: Any, **_: Any) -> None:
        self.calls.append(("start", self.tag, list(config.hydra.overrides.task)))

    def on_job_end(self, config: Any, job_return: Any, **_: Any) -> None:
        self.calls.append(
            (config.hydra.job.num, job_return.status.name, dict(config["values"]), job_return.working_dir)
        )

    def on_multirun_end(self, config: Any, **_: Any) -> None:
        self.calls.append(("end", config.hydra.sweep.dir))


def test_they_are_told_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recorder, "calls", [])
    first, second = job(0), job(1)
    node = {"mine": {"_target_": f"{__name__}.Recorder", "tag": "x"}}
    made = written(tmp_path / "s", [first, second], callbacks=node, typed=("seed=0,1",))
    told = JobCallbacks(made, "s")
    told.start(made)
    told.row(first, ended(tmp_path / "s", first))
    told.row(second, failed(tmp_path / "s", second))
    told.end(made)
    assert Recorder.calls == [
        ("start", "x", ["seed=0,1"]),
        (0, "COMPLETED", {"seed": "0"}, "0"),
        (1, "FAILED", {"seed": "1"}, "1"),
        ("end", "s"),
    ]


def test_without_callbacks_nothing_is_loaded() -> None:
    told = JobCallbacks(sweep([job(0)]), "s")
    told.start(sweep([job(0)]))
    assert told._callbacks is None
