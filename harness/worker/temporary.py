"""Where the libraries of a worker keep their temporary files, for as long as the worker lives."""

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
    """A folder for temporary files, which goes with all that is in it when it is closed.

    A worker is ended and does not end by itself, so that what a library removes at the interpreter's exit would stay:
    TensorFlow keeps there the Python that it generates of a traced function. The folder lies in the worker's own, where
    it is short enough for a socket's path, and otherwise where the system keeps such files. An arm whose environment
    sets TMPDIR has that, and nothing is removed.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._made = None if "TMPDIR" in environment else _made_in(folder)

    @property
    def environment(self) -> dict[str, str]:
        return {} if self._made is None else {"TMPDIR": self._made}

    def close(self) -> None:
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)


def _made_in(folder: Path) -> str:
    made = tempfile.mkdtemp(prefix=".temporary-", dir=folder.absolute())
    if len(os.fsencode(made)) > MOST_BYTES:
        with suppress(OSError):  # a full disk there is no reason to run without
            elsewhere = tempfile.mkdtemp(prefix="twinrun-")
            Path(made).rmdir()
            return elsewhere
    return made
