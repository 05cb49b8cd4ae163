"""The command as a process of its own, in an empty folder, with all that it may write to watched."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import invariants
from command import start

from harness.records.exit_codes import EXIT_CODES

ENDED_WITHIN_S = 30.0  # a worker, once its parent is gone
FIRST = "{use: reference, name: first}"
SECOND = "{use: reference, name: second, precision: float32}"
LINEAR = "model.layers=[flatten, {kind: dense, units: 10, kernel_initializer: zeros}]"


@dataclass
class Ended:
    """How a command ended. `code`: as a shell has it, 128 and the number of the signal that ended it."""

    code: int
    out: str
    err: str
    seconds: float
    lines: list[tuple[float, str]] = field(default_factory=list)


class Watched:
    """An empty working folder in `folder`, beside a home, a cache and a place for temporary files."""

    def __init__(self, folder: Path, out: Path | None = None) -> None:
        self.folder, self.work, self.mark = folder, folder / "work", uuid.uuid4().hex
        self.out = out or self.work / "run"
        places = {name: folder / name.lower() for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
        for place in (self.work, *places.values()):
            place.mkdir(parents=True)
        # What libraries keep for themselves: the machine's fonts, and the settings that Keras writes on its import.
        shared = {"MPLCONFIGDIR": str(folder.parent / "matplotlib"), "KERAS_HOME": str(folder.parent / "keras")}
        self.environment = {key: str(value) for key, value in places.items()} | shared | {invariants.MARK: self.mark}
        self.refresh()

    def refresh(self) -> None:
        """What lies here by now is none of the command's."""
        self.before = invariants.listing(self.folder)

    def start(self, arguments: Sequence[str]) -> Running:
        return Running(start(arguments, self.work, **self.environment))

    def run(self, arguments: Sequence[str], limit_s: float) -> Ended:
        return self.start(arguments).end(limit_s)

    def breaches(self, ended: Ended, possible: Iterable[int] = EXIT_CODES) -> list[str]:
        """What did not hold."""
        text = ended.out + ended.err
        changed = invariants.written(self.before, invariants.listing(self.folder), self.out)
        return [
            *invariants.of_text(text),
            *invariants.of_exit_code(ended.code, possible),
            *invariants.of_agreement(text, ended.code, self.out),
            *invariants.of_folder(self.out),
            *(f"written outside out: {Path(path).relative_to(self.folder)}" for path in changed),
            *invariants.of_processes(self.mark, ENDED_WITHIN_S),
        ]


class Running:
    """The process, and each line that it prints with the time at which it came."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.began = process, time.monotonic()
        self.lines: list[tuple[float, str]] = []
        self.errors: list[str] = []
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_out, self._read_err)]
        for reader in self._readers:
            reader.start()

    def end(self, limit_s: float) -> Ended:
        """Waits for the end; a process that has none in time is killed, and that is its exit code."""
        try:
            code = self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        seconds = time.monotonic() - self.began
        for reader in self._readers:
            reader.join(ENDED_WITHIN_S)
        out = "".join(line for _, line in self.lines)
        shell = 128 - code if code < 0 else code
        return Ended(shell, out, "".join(self.errors), seconds, self.lines)

    def has(self, beginning: str) -> bool:
        """Whether a line that begins so has come."""
        return any(line.strip().startswith(beginning) for _, line in self.lines)

    def send(self, number: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)

    def _read_out(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append((time.monotonic(), line))

    def _read_err(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors.append(line)
