"""Measures the arrangements of an arm, each in a process of its own, and finds out what the figures depend on."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import adapters
from harness.records.failure import WorkerFailedError, in_one_line
from harness.spec.arm import Arm
from harness.worker.arrangement.figures import Figures
from harness.worker.arrangement.probe import TASKS
from harness.worker.pool import Workers
from harness.worker.process import environment_of

# Many short turns: with 3 of them a busy machine made a product that took 1.1 times as long look like one of 1.4 times.
ROUNDS = 8
TIMEOUT_S = 60.0  # seconds for the import of the framework and the measurement
VERSIONS_TIMEOUT_S = 10.0
_VERSIONS_CODE = "import json, sys, importlib.metadata as m; print(json.dumps([*map(m.version, sys.argv[1:])]))"


class CalibrationError(Exception):
    """The arrangements could not be measured; the message is the reason, in one line."""


def measure(arm: Arm, names: Sequence[str]) -> dict[str, Figures]:
    """The figures of the arm in each of these arrangements. Raises CalibrationError.

    The processes are measured in turns, and the least time of each counts, so that what else the machine does in a
    part of the time puts none of them at a disadvantage.
    """
    limit_s = min(arm.timeout_s, TIMEOUT_S)
    candidates = [arm.model_copy(update={"arrangement": name, "timeout_s": limit_s, "spec": {}}) for name in names]
    try:
        with tempfile.TemporaryDirectory() as folder, Workers(Path(folder)) as pool:
            workers = [pool.of(candidate, Path(folder)) for candidate in candidates]
            rounds = [[worker.ask(TASKS["calibrate"])[0] for worker in workers] for _ in range(ROUNDS)]
        return {name: _least(times) for name, times in zip(names, zip(*rounds, strict=True), strict=True)}
    except WorkerFailedError as error:
        raise CalibrationError(str(error.failure)) from None
    except (OSError, ValueError) as error:  # a full disk, or figures that are no times
        raise CalibrationError(in_one_line(error)) from None


def _least(rounds: Sequence[Mapping[str, float]]) -> Figures:
    return Figures.model_validate({name: min(times[name] for times in rounds) for name in Figures.model_fields})


def versions_of(arm: Arm) -> Mapping[str, str]:
    """The versions of the packages that decide the arm's numbers, in its interpreter. Raises CalibrationError."""
    info = adapters.info(arm.adapter)
    packages = tuple(dict.fromkeys((info.distribution, *info.packages)))
    is_elsewhere = arm.python is not None or "PYTHONPATH" in arm.environment
    versions = _versions_elsewhere(arm, packages) if is_elsewhere else _versions_here(packages)
    return dict(zip(packages, versions, strict=True))


def _versions_here(packages: Iterable[str]) -> list[str]:
    try:
        return [version(package) for package in packages]
    except PackageNotFoundError as error:
        raise CalibrationError(f"{error.name} is not installed") from None


def _versions_elsewhere(arm: Arm, packages: Iterable[str]) -> list[str]:
    command = [arm.python or sys.executable, "-c", _VERSIONS_CODE, *packages]
    try:
        process = subprocess.run(
            command,
            env=environment_of(arm),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=VERSIONS_TIMEOUT_S,
            check=True,
        )
        return [str(text) for text in json.loads(process.stdout)]
    except (OSError, ValueError, TypeError, subprocess.SubprocessError):
        raise CalibrationError(f"{command[0]} does not tell the versions of {', '.join(packages)}") from None
