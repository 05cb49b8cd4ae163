"""Files that are written completely or not at all, and the errors of disks that cannot be written to."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PARTIAL = ".partial"
# The errors of a full disk, a quota, a limit on file sizes (ulimit -f), and of a disk that became read-only.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_ENTRY = (errno.EROFS, errno.EIO, errno.ESTALE, errno.EACCES, errno.EPERM)


class CannotWriteError(OSError):
    """A file cannot be written to its disk; the message names the reason, the disk and the file."""

    def __init__(self, path: Path, error: OSError) -> None:
        reason = os.strerror(error.errno) if error.errno else str(error)
        super().__init__(error.errno, f"{reason} on {disk_of(path)}: {path} could not be written", str(path))

    def __str__(self) -> str:
        return str(self.strerror)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Context with a temporary path beside `path`; its file replaces `path` at the end, or is deleted on an error.

    Raises CannotWriteError in place of an OSError of the disk.
    """
    partial = path.with_name(path.name + PARTIAL)
    try:
        yield partial
        partial.replace(path)
    except BaseException as error:
        failure = (
            as_disk_failure(error, path) if isinstance(error, OSError) else None
        )  # described while the disk is still full
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        if failure is not None:
            raise failure from error
        raise


def as_disk_failure(error: OSError, path: Path) -> CannotWriteError | None:
    """The error as a CannotWriteError of the disk of `path`; None where it is not an error of a disk."""
    if isinstance(error, CannotWriteError):
        return error
    return CannotWriteError(path, error) if error.errno in (*_NO_ROOM, *_NO_ENTRY) else None


def disk_of(path: Path) -> str:
    """The file system of `path` as text: mount point, kind, size and free space."""
    import psutil

    existing = next((part for part in (path, *path.parents) if part.exists()), Path("/")).resolve()
    mounted = [part for part in psutil.disk_partitions(all=True) if existing.is_relative_to(part.mountpoint)]
    if not mounted:
        return str(existing)
    disk = max(mounted, key=lambda part: len(part.mountpoint))
    try:
        usage = psutil.disk_usage(disk.mountpoint)
    except OSError:
        return f"{disk.mountpoint} ({disk.fstype})"
    return f"{disk.mountpoint} ({disk.fstype}, {_megabytes(usage.total)}, {_megabytes(usage.free)} free)"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
