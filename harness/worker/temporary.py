"""The folder for temporary files of a worker's libraries, which is removed when the worker is closed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from harness.system.temporary_folder import TemporaryFolder

# A Unix socket's path has at most 107 bytes, and multiprocessing makes `pymp-xxxxxxxx/listener-xxxxxxxx` in TMPDIR.
MOST_BYTES = 107 - len("/pymp-xxxxxxxx/listener-xxxxxxxx")


class Temporary:
    """A folder for temporary files, which `close` removes with its content.

    A worker is killed, so that files which a library removes at the interpreter's exit would stay. TensorFlow keeps the
    Python code of traced functions there. The folder is made in the worker's folder, or in the system's where that path
    is too long for a socket. An arm that sets TMPDIR uses that, and nothing is removed.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._elsewhere: TemporaryFolder | None = None
        self._path = None if "TMPDIR" in environment else self._made_below(folder)

    @property
    def environment(self) -> dict[str, str]:
        """The variable that makes libraries use the folder; empty where the arm sets its own."""
        return {} if self._path is None else {"TMPDIR": self._path}

    def close(self) -> None:
        """Removes the folder."""
        if self._elsewhere is not None:
            self._elsewhere.close()
        elif self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)

    def _made_below(self, folder: Path) -> str:
        path = tempfile.mkdtemp(prefix=".temporary-", dir=folder.absolute())
        if len(os.fsencode(path)) > MOST_BYTES:
            with suppress(OSError):  # where the system's disk is full, the long path is used
                self._elsewhere = TemporaryFolder("twinrun-worker-")
                Path(path).rmdir()
                return str(self._elsewhere.path)
        return path
