"""Reports what ended a run early: the reason, and for a fault of twinrun the place of its traceback."""

from __future__ import annotations

import tempfile
import traceback
from datetime import datetime, timezone
from pathlib import Path

from harness.records.failure import in_one_line
from harness.records.outcome import Unfinished
from harness.system.output import OutputGoneError, say_on_stderr
from harness.system.stopping import stopped
from harness.system.writing import as_disk_failure

ERROR_LOG = "error.log"
STOPPED = "stopped with Ctrl-C or SIGTERM"


def unfinished_by(error: BaseException, folder: Path) -> Unfinished:
    """Why a run in `folder` ended with this exception."""
    if isinstance(error, KeyboardInterrupt):
        return Unfinished("interrupted", STOPPED)
    if isinstance(error, OutputGoneError):
        return Unfinished("output", str(error))
    if isinstance(error, OSError) and (failure := as_disk_failure(error, folder)) is not None:
        return Unfinished("disk", str(failure))
    if stopped():  # a library has turned the interruption into another exception
        return Unfinished("interrupted", STOPPED)
    return Unfinished("internal", f"internal error, {in_one_line(error)}")


def raise_unfinished(unfinished: Unfinished | None) -> None:
    """Ends what a part belongs to as the part ended: KeyboardInterrupt or OSError; nothing where the part finished."""
    if unfinished is not None:
        raise KeyboardInterrupt if unfinished.kind == "interrupted" else OSError(unfinished.reason)


def report_unfinished(unfinished: Unfinished, error: BaseException, folder: Path) -> None:
    """Prints one line on standard error, and none for an interruption, which the user caused."""
    if unfinished.kind == "interrupted" or (isinstance(error, OutputGoneError) and error.is_quiet):
        return
    if unfinished.kind == "internal":
        say_on_stderr(internal_error(error, folder))
    else:
        say_on_stderr(f"unfinished: {unfinished.reason}; what was recorded is in {folder}")


def exit_code_of(error: Exception) -> int:
    """Prints in one line what ended a verb without a run, or one whose run was complete. Returns the exit code."""
    unfinished = unfinished_by(error, Path.cwd())
    if unfinished.kind == "internal":
        say_on_stderr(internal_error(error))
    elif not (isinstance(error, OutputGoneError) and error.is_quiet):
        say_on_stderr(unfinished.reason)
    return unfinished.exit_code


def internal_error(error: BaseException, folder: Path | None = None) -> str:
    """The line about an internal error. Its traceback is written to `folder` or, if that fails, to a temporary one."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S")
    where = "could not be written anywhere"
    for path in (*([folder / ERROR_LOG] if folder else []), Path(tempfile.gettempdir()) / f"twinrun-error-{now}.log"):
        try:
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        where = f"is in {path}"
        break
    return (
        f"internal error: {in_one_line(error)}. This is a fault of twinrun, not of what you gave; its traceback "
        f"{where}. Please report it to the maintainers with that file and the command line"
    )
