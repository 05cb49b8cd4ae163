"""A trial in this process, through the entry of the command, up to where a run begins."""

from __future__ import annotations

import faulthandler
import gc
import io
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import invariants
from bench_settings import memoise, set_environment
from odd_configurations import COMPLETE, Trial
from odd_files import furnish

import harness.scenarios.pair.start
import harness.scenarios.start
from harness import cli
from harness.composition import UserMistake, completions

LIMIT_S = 20.0  # of a trial that takes 0.1 s, on a machine that may have much else to do
FURNISH_EVERY = 200
NO_RUN = (0, 1, 2, 4)  # exit codes where no arm was started

_BEGINNINGS = (
    *(("harness.scenarios.sweep.start", "begun"), ("harness.scenarios.sweep.actions", "begun")),
    *(("harness.scenarios.hosts.export", "plan_of"), ("harness.scenarios.hosts.record", "arranged_experiment")),
)


@dataclass
class Result:
    """What a trial came to; `kind` tells its breach from others, empty where there is none."""

    code: object = None
    reached: bool = False
    kinds: list[str] = field(default_factory=list)
    text: str = ""
    seconds: float = 0.0


class HangError(BaseException):
    """A trial has not ended in time. (No Exception, which a command may catch.)"""


class Bench:
    """An empty working folder with what a trial may name in it; the homes and caches that it might write to."""

    def __init__(self, folder: Path, seed: int, runs: Sequence[Path]) -> None:
        self.folder, self.seed, self.lot, self.runs = folder, seed, -1, runs
        self.work, self.rest = folder / "work", folder / "rest"
        self.reached = False
        memoise()
        set_environment(self.rest)
        harness.scenarios.start.start = self._stop  # type: ignore[assignment]
        harness.scenarios.pair.start.start_pair = self._stop  # type: ignore[assignment]
        # A sweep claims its folder once all its jobs are sound; an export draws its plan, and a recording arranges.
        for module, name in _BEGINNINGS:
            setattr(import_module(module), name, self._refuse)
        signal.signal(signal.SIGALRM, _hung)
        self.stdout, self.stderr = (os.memfd_create(name) for name in ("stdout", "stderr"))

    def run(self, trial: Trial) -> Result:
        self._furnish(trial.number // FURNISH_EVERY)
        self.reached = False
        result, start = Result(), time.perf_counter()
        text, result.code, raised = self._called(trial.arguments)
        result.seconds, result.reached, result.text = time.perf_counter() - start, self.reached, text
        result.kinds = [*raised, *invariants.of_text(text)]
        result.kinds += [] if raised else invariants.of_exit_code(result.code, NO_RUN)
        if result.code == 2 and not text.strip():
            result.kinds.append("a mistake of which nothing is said")
        if trial.refused and self.reached:
            result.kinds.append("a number was taken that is none")
        result.kinds += self._cleaned(text)
        return result

    def _called(self, arguments: Sequence[str]) -> tuple[str, object, list[str]]:
        out, err = _emptied(self.stdout, "strict"), _emptied(self.stderr, "backslashreplace")  # as Python has them
        raised: list[str] = []
        code: object = None
        with redirect_stdout(out), redirect_stderr(err):
            try:
                with _within(LIMIT_S):
                    code = _complete(arguments[1]) if arguments[:1] == (COMPLETE,) else cli.main(arguments)
            except SystemExit as ended:
                code = ended.code or 0
            except HangError as hang:
                raised = [f"a hang: {_frame(hang)}"]
            except BaseException:
                raised = [f"an exception: {invariants.place_of(traceback.format_exc())}"]
        return _read(out) + _read(err), code, raised

    def _cleaned(self, text: str) -> list[str]:
        """What the trial left; the bench is as before afterwards."""
        after = invariants.listing(self.work, self.rest)
        changed = invariants.written(self.before, after)
        os.chdir(self.work)
        if not changed:
            return []
        kinds = []
        for path in changed:
            file = Path(path)
            if file.is_file() and b"Traceback" in (content := file.read_bytes()):
                kinds.append(f"an internal error: {invariants.place_of(content.decode(errors='replace'))}")
        if not kinds and not self._is_out(changed):
            kinds = [f"written outside out: {os.path.relpath(changed[0], self.folder)}"]
        self.lot = -1
        return kinds

    def _is_out(self, changed: Sequence[str]) -> bool:
        """Whether these are a comparison's report alone."""
        return any(Path(path).name == "report.md" for path in changed)

    def _furnish(self, lot: int) -> None:
        if lot == self.lot:
            return
        os.chdir(self.folder)
        for folder in (self.work, self.rest):
            shutil.rmtree(folder, ignore_errors=True)
        furnish(self.work / "inputs", f"{self.seed}:{lot}")
        for name in ("home", "cache", "tmp"):
            (self.rest / name).mkdir(parents=True)
        for name, run in zip(("run_a", "run_b"), self.runs, strict=False):
            (self.work / name).symlink_to(run)
        os.chdir(self.work)
        self.lot, self.before = lot, invariants.listing(self.work, self.rest)
        gc.collect()

    def _refuse(self, *_: Any) -> NoReturn:
        self.reached = True
        raise UserMistake(["this would begin"])

    def _stop(self, *_: Any) -> int:
        self.reached = True
        return 0


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """An alarm for what waits; where not even that is heeded, the traceback and the end of this process."""
    faulthandler.dump_traceback_later(2 * seconds, exit=True, file=sys.__stderr__ or sys.stderr)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()


def _hung(*_: object) -> NoReturn:
    raise HangError


def _complete(prefix: str) -> int:
    print(*completions(prefix), sep="\n")
    return 0


def _emptied(file: int, errors: str) -> io.TextIOWrapper:
    os.truncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)
    return io.TextIOWrapper(os.fdopen(os.dup(file), "r+b"), encoding="utf-8", errors=errors)


def _read(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    text = stream.buffer.read().decode(errors="replace")
    stream.close()
    return text


def _frame(error: BaseException) -> str:
    return invariants.place_of(
        "Traceback (most recent call last):\n" + "".join(traceback.format_tb(error.__traceback__)) + "HangError:"
    )
