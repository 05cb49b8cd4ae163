"""The folder for temporary files of a worker's libraries, which is removed when the worker is closed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

# A Unix socket's path has at most 107 bytes, and multiprocessing makes `pymp-xxxxxxxx/listener-xxxxxxxx` in TMPDIR.
MOST_BYTES = 107 - len("/pymp-xxxxxxxx/listener-xxxxxxxx")


class Temporary:
    """A folder for temporary files, which `close` removes with its content.

    A worker is killed, so that files which a library removes at the interpreter's exit would stay. TensorFlow keeps the
    Python code of traced functions there. The folder is made in the worker's folder, or in the system's where that path
    is too long for a socket. An arm that sets TMPDIR uses that, and nothing is removed.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._path = None if "TMPDIR" in environment else _make_below(folder)

    @property
    def environment(self) -> dict[str, str]:
        """The variable that makes libraries use the folder; empty where the arm sets its own."""
        return {} if self._path is None else {"TMPDIR": self._path}

    def close(self) -> None:
        """Removes the folder."""
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)


def _make_below(folder: Path) -> str:
    path = tempfile.mkdtemp(prefix=".temporary-", dir=folder.absolute())
    if len(os.fsencode(path)) > MOST_BYTES:
        with suppress(OSError):  # where the system's disk is full, the long path is used
            elsewhere = tempfile.mkdtemp(prefix="twinrun-")
            Path(path).rmdir()
            return elsewhere
    return path
