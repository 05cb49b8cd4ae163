"""What must hold of every trial, whatever was typed, killed, filled up or damaged. Each function lists the breaches."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import psutil

from harness.records.exit_codes import EXIT_CODES
from harness.system.array_files import load_arrays

INTERNAL_ERROR = 70
MARKER = "complete.json"  # what a run writes last
MARK = "TWINRUN_TRIAL"  # of the environment of all processes of a trial
AGREES = re.compile(r"\bAGREES\b")
FRAME = re.compile(r'File "[^"\n]*/((?:harness|adapters)/[^"\n]+)", line \d+, in (\S+)')
EXCEPTION = re.compile(r"^(\w[\w.]*)(?::|$)", re.MULTILINE)
READERS = {
    ".json": lambda path: json.loads(path.read_text(encoding="utf-8")),
    ".parquet": lambda path: pd.read_parquet(path, page_checksum_verification=True),
    ".npz": load_arrays,
}
Listing = dict[str, tuple[int, int, int]]


def listing(*folders: Path) -> Listing:
    """Mode, size and time of change of all that lies below the folders; of a folder only its mode."""
    entries: Listing = {}
    pending = [os.fspath(folder) for folder in folders]
    while pending:
        with os.scandir(pending.pop()) as inside:
            for entry in inside:
                state = entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                    entries[entry.path] = (state.st_mode, 0, 0)
                else:
                    entries[entry.path] = (state.st_mode, state.st_size, state.st_mtime_ns)
    return entries


def written(before: Listing, after: Listing, out: Path | None = None) -> list[str]:
    """Paths that came, went or changed, except at or below `out`."""
    changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    inside = (os.fspath(out), f"{out}{os.sep}") if out is not None else ()
    return [path for path in changed if not (inside and (path == inside[0] or path.startswith(inside[1])))]


def of_text(text: str) -> list[str]:
    """No traceback, and no control character that a terminal would obey."""
    breaches = [f"a traceback: {place_of(text)}"] if "Traceback (most recent call last)" in text else []
    control = sorted({char for char in text if unicodedata.category(char) == "Cc" and char not in "\n\t"})
    return breaches + ([f"control characters in the output: {', '.join(map(ascii, control))}"] if control else [])


def of_exit_code(code: object, possible: Iterable[int] = EXIT_CODES) -> list[str]:
    """An exit code is one of those possible here, and documented."""
    if code == INTERNAL_ERROR:
        return ["an internal error"]
    return [] if code in EXIT_CODES and code in possible else [f"exit code {code}"]


def of_agreement(text: str, code: object, folder: Path) -> list[str]:
    """The word AGREES stands only where the run is complete and nothing else came of it."""
    if code == 0 and (folder / MARKER).is_file():
        return []
    report = folder / "report.md"
    texts = {"the output": text, "report.md": report.read_text(errors="replace") if report.is_file() else ""}
    state = "a complete" if (folder / MARKER).is_file() else "an unfinished"
    return [
        f"AGREES in {place} of {state} run with exit code {code}"
        for place, words in texts.items()
        if AGREES.search(words)
    ]


def of_folder(folder: Path) -> list[str]:
    """All files that a run left are whole: readable, and none that was only of use while it ran."""
    breaches = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.name in (".scratch",) or path.suffix == ".partial":
            breaches.append(f"{path.relative_to(folder)} is left")
        elif path.suffix in READERS and path.is_file() and ".scratch" not in path.parts:
            breaches += _unreadable(path, folder)
    return breaches


def _unreadable(path: Path, folder: Path) -> list[str]:
    try:
        READERS[path.suffix](path)
    except Exception as error:  # whatever a reader raises, the file is not what it should be
        return [f"{path.relative_to(folder)} cannot be read: {type(error).__name__}"]
    return []


def survivors(mark: str, within_s: float = 0.0) -> list[psutil.Process]:
    """The processes that still have this mark in their environment after so many seconds."""
    alive = [process for process in psutil.process_iter() if _has(process, mark)]
    _, alive = psutil.wait_procs(alive, timeout=within_s)
    return [process for process in alive if _has(process, mark)]


def of_processes(mark: str, within_s: float) -> list[str]:
    """No process of the trial outlives it by so many seconds. Ends those that do."""
    alive = survivors(mark, within_s)
    breaches = [f"a process is left: {' '.join(process.cmdline()[1:4])}" for process in alive]
    for process in alive:
        process.kill()
    return breaches


def _has(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


def place_of(traceback: str) -> str:
    """The exception of a traceback, and the innermost function of ours that it came through."""
    frames = FRAME.findall(traceback)
    exceptions = EXCEPTION.findall(traceback.rpartition("Traceback (most recent call last)")[2])
    return (
        f"{exceptions[-1] if exceptions else 'an exception'} in {' '.join(frames[-1]) if frames else 'no code of ours'}"
    )
