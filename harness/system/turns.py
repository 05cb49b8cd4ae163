"""Turns on this host: what runs at once never takes more cores than there are, and what is timed runs alone.

A core is a lock on a file of the temporary folder, which all processes of a user on this host share, whatever started
them. A lock is released by the kernel when its process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

POLL_S = 0.05


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def turn(needed: int, is_given_up: Callable[[], bool] = lambda: False) -> Iterator[bool]:
    """Context with `needed` cores of this host for this process, at most all of them; waits until they are free.

    Yields False, and takes nothing, once `is_given_up` says so. Who waits first has the first turn, since one process
    at a time gathers cores.
    """
    folder = Path(tempfile.gettempdir()) / f"twinrun-turns-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as held:
        with ExitStack() as gate:
            if not _gathered(folder, ["gate"], 1, gate, is_given_up):
                yield False
                return
            names = [f"core-{number}" for number in range(cores())]
            if not _gathered(folder, names, min(needed, len(names)), held, is_given_up):
                yield False
                return
        yield True


def _gathered(folder: Path, names: list[str], needed: int, held: ExitStack, is_given_up: Callable[[], bool]) -> bool:
    """Locks `needed` of the files, and keeps them in `held`; False where that is given up."""
    free = list(names)
    while True:
        for name in list(free):
            if needed and (file := _locked(folder / name)) is not None:
                held.enter_context(file)
                free.remove(name)
                needed -= 1
        if not needed:
            return True
        if is_given_up():
            return False
        time.sleep(POLL_S)


def _locked(path: Path) -> IO[bytes] | None:
    """The file, locked until it is closed; None where another holds it."""
    file = path.open("ab")
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return file
    file.close()
    return None
