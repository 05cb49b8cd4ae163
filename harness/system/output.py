"""Standard output that may fail, by a full disk or because its reader has exited."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from harness.system.text import printable


class OutputGoneError(Exception):
    """Standard output cannot be written to. `is_quiet`: the reader has closed it on purpose, as `head` does."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"standard output takes no more ({error.strerror or error})")
        self.is_quiet = error.errno == errno.EPIPE


class _Guarded:
    """A proxy of a text stream that raises OutputGoneError where writing fails."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with _translated():
            return int(self._stream.write(text))

    def flush(self) -> None:
        with _translated():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def guarded_output() -> Iterator[None]:
    """Context in which printing raises OutputGoneError where it fails; standard output is flushed at its end."""
    _occupy_standard_streams()
    stream = sys.stdout
    for text_stream in (sys.stdout, sys.stderr):
        if hasattr(text_stream, "reconfigure"):  # characters that the terminal cannot show become escapes
            text_stream.reconfigure(errors="backslashreplace")
    sys.stdout = _Guarded(stream)
    try:
        yield
        sys.stdout.flush()
    except OutputGoneError:
        _drop(stream)
        raise
    finally:
        sys.stdout = stream


def say_on_stderr(line: str) -> None:
    """Prints one line on standard error; does nothing where that fails."""
    with suppress(OSError, ValueError):
        print(f"twinrun: {printable(line)}", file=sys.stderr, flush=True)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputGoneError(error) from error


def _drop(stream: Any) -> None:
    """Discards what is still buffered: otherwise Python fails again when it flushes at exit."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _occupy_standard_streams() -> None:
    """Opens the standard streams that the caller has closed (`>&-`), so that no file gets the number of one of them."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is not None:
            continue
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123  (for the life of the process)
