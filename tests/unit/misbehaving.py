"""Workers of the reference that run other code for one of their tasks, as a builder is code of somebody else's."""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from made_up_traces import arm

from harness.worker import Worker

ROOT = Path(__file__).parents[2]
# `sys.orig_argv` tells the worker from whatever it starts.
REPLACED = """\
import sys
if "harness.worker.child" in sys.orig_argv and "-c" not in sys.orig_argv:
    import os, signal, subprocess, time
    from dataclasses import replace
    from harness.worker.tasks import TASKS
    {before}
    def doctor(session, scratch, **given):
{code}
        return ANSWER
    ANSWER = {{"environment": {{}}, "devices": []}}
    TASKS["doctor"] = replace(TASKS["doctor"], answer=doctor)
"""


def misbehaving(folder: Path, code: str, before: str = "", **fields: Any) -> Worker:
    """A worker whose task `doctor` runs `code`, with `session` and what it is `given`, and then gives its `ANSWER`.

    `before` runs as its interpreter starts.
    """
    (folder / "sitecustomize.py").write_text(REPLACED.format(code=textwrap.indent(code, " " * 8), before=before))
    environment = {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    return Worker(arm("other").model_copy(update={"environment": environment, **fields}), folder, folder)


def limited(worker: Worker, timeout_s: float) -> Worker:
    """The worker, ready, with this much time from now on."""
    worker.ready()
    worker.arm = worker.arm.model_copy(update={"timeout_s": timeout_s})
    worker.turn_to(worker.scratch)
    return worker


def processes_of(folder: Path) -> list[psutil.Process]:
    """All that run in this folder, as a worker and all that it starts do."""
    here = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                here.append(process)
        except psutil.Error:
            continue
    return here


def nothing_runs_in(folder: Path) -> bool:
    """Whether all are gone soon."""
    return _soon(lambda: not processes_of(folder))


def as_many_run_in(folder: Path, count: int) -> bool:
    """Whether there are that many soon."""
    return _soon(lambda: len(processes_of(folder)) >= count)


def _soon(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
