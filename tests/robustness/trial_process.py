"""Trials in a process of its own, which may hang, die or be ended, and is then begun anew."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from bench_settings import limit_memory
from odd_configurations import Trial
from trials import Bench, Result

STARTED_WITHIN_S, HEEDED_WITHIN_S = 120.0, 60.0


class TrialProcess:
    """Runs one trial after the other in an interpreter that is started once, where nothing ends it."""

    def __init__(self, folder: Path, seed: int, runs: Sequence[Path]) -> None:
        self.asked_of = (folder, seed, runs)
        self._process: multiprocessing.process.BaseProcess | None = None

    def run(self, trial: Trial) -> Result:
        if self._process is None:
            self._start()
        assert self._process is not None
        try:
            self._pipe.send(trial)
            if self._pipe.poll(HEEDED_WITHIN_S):
                return self._received()
            kind = "a hang that heeds no signal"
        except (EOFError, OSError):
            self._process.join(5)
            kind = f"the process ended with {self._process.exitcode}"
        self.close()
        return Result(kinds=[kind])

    def _received(self) -> Result:
        answer = self._pipe.recv()
        if not isinstance(answer, Result):  # what failed is the bench, no trial
            raise AssertionError(answer)
        return answer

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = None

    def _start(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, *self.asked_of), daemon=True)
        self._process.start()
        theirs.close()
        assert self._pipe.poll(STARTED_WITHIN_S), "the process does not start"
        self._pipe.recv()


def _serve(pipe: Connection, folder: Path, seed: int, runs: Sequence[Path]) -> None:
    bench = Bench(folder, seed, runs)
    limit_memory()
    pipe.send("ready")
    while True:
        trial = pipe.recv()
        try:
            pipe.send(bench.run(trial))
        except Exception:
            pipe.send(traceback.format_exc())
