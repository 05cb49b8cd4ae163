"""The program of an arm's process: `python -m harness.worker.child ARM_JSON EVENTS LIFELINE`.

EVENTS and LIFELINE are numbers of open descriptors.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from typing import Any

import adapters
from adapters.info import AdapterError
from adapters.protocol import DeviceUnavailableError, UnsupportedSpecError
from adapters.user_data import MisfitError
from adapters.user_model import BuilderError
from harness import __version__
from harness.records.failure import full_disk, in_one_line, shortened
from harness.spec.arm import Arm
from harness.worker.birth import Birth, process_age_s
from harness.worker.channel import Channel
from harness.worker.memory import resident_bytes
from harness.worker.session import Session
from harness.worker.task import PROTOCOL, task_at


def main(arguments: list[str]) -> None:
    """Answers requests until one fails or the parent has gone. It never returns."""
    arm = Arm.model_validate_json(arguments[0])
    channel = Channel(int(arguments[1]), int(arguments[2]))
    try:
        session = _begin(arm, channel)
        while True:
            request = channel.receive()
            session.set_changes(request.pop("changes", {}))
            channel.send("done", result=task_at(request.pop("task")).answer(session, **request))
    except BaseException as error:  # also SystemExit: the arm then has no answer
        channel.end_copy()
        # Printing fails where the disk is full, and sending where the parent has gone.
        with contextlib.suppress(Exception):
            traceback.print_exc()
        with contextlib.suppress(Exception):
            channel.send("failed", **_failure(error))
        with contextlib.suppress(Exception):
            sys.stdout.flush()
    os._exit(0)  # not sys.exit: threads and handlers of the user's code must not run on


class _MissingFrameworkError(Exception):
    """The adapter or its framework cannot be imported here."""


def _begin(arm: Arm, channel: Channel) -> Session:
    """Imports the framework and sends the `ready` event."""
    importing_s = time.perf_counter()
    started_s = importing_s - process_age_s()
    try:
        adapter = adapters.load(arm)
    except AdapterError as error:
        raise _MissingFrameworkError(str(error)) from error
    except ImportError as error:
        info = adapters.info(arm.adapter)
        hint = f"; {info.install} brings it" if info.install else ""
        raise _MissingFrameworkError(
            f"{info.distribution} is not usable here ({shortened(str(error))}){hint}"
        ) from error
    birth = Birth(started_s, importing_s, time.perf_counter())
    versions = {"protocol": PROTOCOL, "twinrun": __version__}
    channel.send("ready", **versions, import_time_s=birth.ready_s - importing_s, baseline_rss_bytes=resident_bytes())
    return Session(adapter, channel.send, birth)


def _failure(error: BaseException) -> dict[str, Any]:
    """The fields of the `failed` event for an exception."""
    disk_error = full_disk(error)
    if disk_error is not None:
        path = None if disk_error.filename is None else os.fsdecode(disk_error.filename)
        return {
            "symptom": "disk_full",
            "message": in_one_line(disk_error),
            "error_number": disk_error.errno,
            "path": path,
        }
    match error:
        case _MissingFrameworkError():
            return {"symptom": "missing_framework", "message": str(error)}
        case DeviceUnavailableError():
            return {"symptom": "missing_device", "message": str(error)}
        case UnsupportedSpecError():
            return {"symptom": "unsupported", "message": str(error)}
        case BuilderError() | MisfitError():  # of the user's code, which they name
            return {"symptom": "exception", "message": str(error)}
        case MemoryError():
            return {"symptom": "memory", "message": f"out of memory ({in_one_line(error)})"}
        case SystemExit() | KeyboardInterrupt():
            return {
                "symptom": "exception",
                "message": f"the code asked for the end of the process ({in_one_line(error)})",
            }
    return {"symptom": "exception", "message": in_one_line(error)}


if __name__ == "__main__":
    main(sys.argv[1:])
