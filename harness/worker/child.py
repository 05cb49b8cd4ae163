"""What runs in an arm's process: `python -m harness.worker.child ARM_JSON EVENT_FD`."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import traceback
from typing import Any

import adapters
from adapters.protocol import DeviceUnavailableError, UnsupportedSpecError
from harness.spec.arm import Arm
from harness.worker.memory import resident_bytes
from harness.worker.session import Session
from harness.worker.tasks import TASKS


def main(arguments: list[str]) -> int:
    arm = Arm.model_validate_json(arguments[0])
    pipe = os.fdopen(int(arguments[1]), "w", buffering=1)

    def send(event: str, **fields: Any) -> None:
        pipe.write(json.dumps({"event": event, **fields}) + "\n")

    requests: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read_requests, args=(requests,), daemon=True).start()
    try:
        start = time.perf_counter()
        session = Session(adapters.load(arm), send)
        send("ready", import_time_s=time.perf_counter() - start, baseline_rss_bytes=resident_bytes())
    except DeviceUnavailableError as error:
        send("failed", symptom="missing_device", message=str(error))
        return 0
    except ImportError as error:
        traceback.print_exc()
        wanted = adapters.module(arm.adapter).DISTRIBUTION
        message = f"{wanted} is not usable here ({error}); pip install 'twinrun[{arm.adapter}]' brings it"
        send("failed", symptom="missing_framework", message=message)
        return 0
    while True:
        request = json.loads(requests.get())
        session.given(request.pop("changes", {}))
        try:
            send("done", result=TASKS[request.pop("task")](session, **request))
        except UnsupportedSpecError as error:
            send("failed", symptom="unsupported", message=str(error))
            return 0
        except Exception as error:
            traceback.print_exc()
            first_line = next(iter(str(error).strip().splitlines()), "")
            send("failed", symptom="exception", message=f"{type(error).__name__}: {first_line}")
            return 0


def _read_requests(requests: queue.Queue[str]) -> None:
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)  # the parent is gone or done: nobody wants the rest


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
