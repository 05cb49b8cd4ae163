"""The noise of this machine: processes of the control, one after the other, for so many seconds."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from harness.records.noise import Noise
from harness.scenarios.bench.control import time_control
from harness.system.progress import Work
from harness.worker.machine import this_machine
from harness.worker.timing.control import WORK

FEWEST = 4  # processes, however long they take


class ControlFailedError(Exception):
    """A process of the control failed; the message says why."""


def record_noise(seconds: float, on_work: Callable[[Work], None]) -> Noise:
    """Times the control in fresh processes until the seconds are over. Raises ControlFailedError where one fails."""
    medians_s, load = list[float](), list[float]()
    recorded = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="twinrun-noise-") as place:
        while time.monotonic() - began_s < seconds or len(medians_s) < FEWEST:
            number = len(medians_s)
            on_work(Work("control", f"process {number + 1}"))
            about = {"number": number, "round": number, "place": 0}
            process, samples = time_control(Path(place), Path(place), about, lambda work: None)
            if process.failure is not None:
                raise ControlFailedError(f"a process of the control failed: {process.failure}")
            medians_s.append(float(np.median(samples["dispatch_s"] + samples["fetch_s"])))
            if process.after is not None and process.after.load is not None:
                load.append(process.after.load[0])
    return Noise(recorded=recorded, machine=this_machine(), work=WORK, load=tuple(load), step_s=tuple(medians_s))
