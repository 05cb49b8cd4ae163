"""Paths and files that a user names: a file of the wrong kind or size is refused before it is read."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_KINDS = {
    stat.S_IFDIR: os.strerror(errno.EISDIR),
    stat.S_IFIFO: "a FIFO, not a regular file",
    stat.S_IFSOCK: "a socket, not a regular file",
    stat.S_IFCHR: "a character device, not a regular file",
    stat.S_IFBLK: "a block device, not a regular file",
}
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


class FileError(ValueError):
    """A path or a file that cannot be used; the message is one clause that says why, without the path."""


def conf_dir() -> Path:
    """The folder of the config groups that ship: in the package where it is installed, else the checkout's `conf`."""
    package = Path(__file__).parents[1]
    packaged = package / "conf"
    return packaged if packaged.is_dir() else package.parent / "conf"


def text_fault(text: str) -> str | None:
    """Why records or the operating system cannot hold this text; None where they can."""
    if "\0" in text:
        return "it holds a NUL character"
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return "it is not valid UTF-8"
    return None


def given_path(text: str) -> Path:
    """The path that a user wrote, its `~` expanded; FileError where there can be no file of that name."""
    fault = text_fault(text)
    if fault:
        raise FileError(fault)
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise FileError(f"no user's home is {text.partition('/')[0]}") from None
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # the caller decides whether it must exist
    except OSError as error:
        raise FileError(error.strerror or str(error)) from None
    return path


def read_bytes(path: Path, most: int, what: str) -> bytes:
    """The content of a regular file of at most `most` bytes.

    Raises FileError for anything else, without waiting for a FIFO or a device. `what` names the file in the message.
    """
    try:
        _refuse_kind(path.stat())
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            _refuse_kind(os.fstat(descriptor))  # it may have been replaced in between
            content = stream.read(most + 1) or b""
    except OSError as error:
        raise FileError(error.strerror or str(error)) from None
    if len(content) > most:
        raise _too_large(most, what)
    return content


def read_text(path: Path, most: int, what: str) -> str:
    """The content of a regular file of at most `most` bytes, decoded from UTF-8; FileError as for `read_bytes`."""
    try:
        return read_bytes(path, most, what).decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(f"not text in UTF-8 ({error})") from None


def refuse_unfit(path: Path, most: int, what: str) -> None:
    """Raises FileError unless `path` is a regular file of at most `most` bytes, before a library opens it."""
    try:
        status = path.stat()
        _refuse_kind(status)
    except OSError as error:
        raise FileError(error.strerror or str(error)) from None
    if status.st_size > most:
        raise _too_large(most, what)


def in_units(size: float) -> str:
    """A number of bytes as text, such as `12.3 GiB`."""
    power = 0
    while size >= 1024 and power < len(_UNITS) - 1:
        size, power = size / 1024, power + 1
    return f"{size:,.{0 if size == int(size) else 1}f} {_UNITS[power]}"


def _too_large(most: int, what: str) -> FileError:
    return FileError(f"larger than {in_units(most)}, the most that {what} may have")


def _refuse_kind(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise FileError(_KINDS.get(stat.S_IFMT(status.st_mode), "not a regular file"))
