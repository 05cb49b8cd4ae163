"""What runs in an arm's process: `python -m harness.worker.child ARM_JSON EVENTS LIFELINE`, the two as descriptors."""

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
from harness import __version__
from harness.records.failure import full_disk, in_one_line, shortened
from harness.spec.arm import Arm
from harness.worker.channel import Channel
from harness.worker.memory import resident_bytes
from harness.worker.session import Session
from harness.worker.task import PROTOCOL, task_at


def main(arguments: list[str]) -> None:
    """Answers requests until one fails or the parent is gone. Never returns."""
    arm = Arm.model_validate_json(arguments[0])
    channel = Channel(int(arguments[1]), int(arguments[2]))
    try:
        session = _begin(arm, channel)
        while True:
            request = channel.receive()
            session.given(request.pop("changes", {}))
            channel.send("done", result=task_at(request.pop("task")).answer(session, **request))
    except BaseException as error:  # also what asks for the end of the process: that is an arm without an answer
        channel.end_copy()
        # The log may be what the disk has no room for, and the parent may be gone.
        with contextlib.suppress(Exception):
            traceback.print_exc()
        with contextlib.suppress(Exception):
            channel.send("failed", **_failure(error))
        with contextlib.suppress(Exception):
            sys.stdout.flush()
    os._exit(0)  # whatever threads and handlers the user's code has left


class _MissingFrameworkError(Exception):
    pass


def _begin(arm: Arm, channel: Channel) -> Session:
    start = time.perf_counter()
    try:
        session = Session(adapters.load(arm), channel.send)
    except AdapterError as error:
        raise _MissingFrameworkError(str(error)) from error
    except ImportError as error:
        about = adapters.info(arm.adapter)
        brings = f"; {about.install} brings it" if about.install else ""
        raise _MissingFrameworkError(
            f"{about.distribution} is not usable here ({shortened(str(error))}){brings}"
        ) from error
    own = {"protocol": PROTOCOL, "twinrun": __version__}
    channel.send("ready", **own, import_time_s=time.perf_counter() - start, baseline_rss_bytes=resident_bytes())
    return session


def _failure(error: BaseException) -> dict[str, Any]:
    """The fields of the event that tells of it."""
    full = full_disk(error)
    if full is not None:
        path = None if full.filename is None else os.fsdecode(full.filename)
        return {"symptom": "disk_full", "message": in_one_line(full), "error_number": full.errno, "path": path}
    match error:
        case _MissingFrameworkError():
            return {"symptom": "missing_framework", "message": str(error)}
        case DeviceUnavailableError():
            return {"symptom": "missing_device", "message": str(error)}
        case UnsupportedSpecError():
            return {"symptom": "unsupported", "message": str(error)}
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
