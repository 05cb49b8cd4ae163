"""Temporary folders that go with their process, also with one that is killed."""

from __future__ import annotations

import fcntl
import glob
import os
import shutil
import socket
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path

OWNER = ".owner"


class TemporaryFolder:
    """A new temporary folder, which `close` removes with its content, at the latest when the process exits.

    A process that is killed removes nothing. So each folder has a file with the name of its host, which its process
    keeps locked until the kernel releases it. Whoever makes a folder removes first those of this prefix, host and user
    whose file is locked by nobody.
    """

    def __init__(self, prefix: str) -> None:
        _remove_left(prefix)
        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        self.close = weakref.finalize(self, _remove, self.path, _locked_owner(self.path), os.getpid())


def _locked_owner(folder: Path) -> int:
    """The descriptor of the file that is locked. It has its name only once it is; without locks it never has."""
    unnamed = folder / f"{OWNER}-unlocked"
    descriptor = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with suppress(OSError):
        os.write(descriptor, os.fsencode(socket.gethostname()))
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unnamed.rename(folder / OWNER)
    return descriptor


def _remove(folder: Path, owner: int, process: int) -> None:
    if os.getpid() == process:  # a fork that exits has a copy of the finalizer
        shutil.rmtree(folder, ignore_errors=True)
        os.close(owner)


def _remove_left(prefix: str) -> None:
    """Removes the folders of this prefix that killed processes have left."""
    for folder in Path(tempfile.gettempdir()).glob(f"{glob.escape(prefix)}*"):
        with suppress(OSError):
            if folder.lstat().st_uid == os.getuid() and not folder.is_symlink() and _is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_left(folder: Path) -> bool:
    """Whether its process has ended. OSError where it has not, and of a folder that is none of ours."""
    with (folder / OWNER).open("r+b") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fsdecode(owner.read()) == socket.gethostname()
