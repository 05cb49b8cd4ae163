"""What an interpreter has: its twinrun, the protocols that this speaks, and whether it can read an experiment."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import harness
from harness.records import timing
from harness.records.failure import in_one_line, shortened
from harness.records.interpreter import PYTHONPATH, Interpreter
from harness.worker.task import PROTOCOL

TIMEOUT_S = 60.0  # to import the records; no framework is imported
PACKAGES = ("harness", "adapters")
# Prints one line of JSON. Of a twinrun of before a protocol had a number this is 0.
_CODE = """
import json, os, sys
import harness
def number(module):
    try:
        return __import__(module, fromlist=["PROTOCOL"]).PROTOCOL
    except (ImportError, AttributeError):
        return 0
told = {
    "code": os.path.dirname(os.path.dirname(os.path.abspath(harness.__file__))),
    "twinrun": str(getattr(harness, "__version__", "unknown")),
    "requests": number("harness.worker.task"),
    "timing": number("harness.records.timing"),
    "problem": "",
}
experiment = sys.stdin.read()
if experiment and told["requests"]:
    from harness.spec.experiment import Experiment
    try:
        Experiment.model_validate_json(experiment)
    except ValueError as error:
        told["problem"] = " ".join(str(error).split())
print(json.dumps(told))
"""


class InterpreterError(Exception):
    """An interpreter that cannot run a side of a gate; `reasons` has a clause for each thing that is wrong."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def this_interpreter() -> Interpreter:
    """The interpreter and the twinrun of this process."""
    code = Path(harness.__file__).absolute().parents[1]
    return Interpreter(python=sys.executable, code=str(code), twinrun=harness.__version__, source=source_digest(code))


def interpreter_at(python: str, code: Path | None = None, experiment: str = "") -> Interpreter:
    """The interpreter `python` with the twinrun that is installed in it, or with the one in the folder `code`.

    `experiment`: JSON that its twinrun must be able to read, where there is any. Raises InterpreterError where it
    cannot be run, has no twinrun, or has one that this one cannot ask.
    """
    told = _told(python, code, experiment)
    reasons = []
    if told["requests"] != PROTOCOL:
        reasons.append(
            f"{python} has twinrun {told['twinrun']}, which speaks protocol {told['requests']}; twinrun "
            f"{harness.__version__} speaks protocol {PROTOCOL}"
        )
    if told["timing"] != timing.PROTOCOL:
        reasons.append(
            f"{python} has twinrun {told['twinrun']}, which times by version {told['timing']} of the protocol of "
            f"timing; twinrun {harness.__version__} times by version {timing.PROTOCOL}"
        )
    if told["problem"]:
        reasons.append(f"its twinrun {told['twinrun']} cannot read this experiment ({shortened(told['problem'], 300)})")
    if reasons:
        raise InterpreterError(*reasons)
    found = Path(told["code"])
    return Interpreter(python=python, code=str(found), twinrun=told["twinrun"], source=source_digest(found))


def _told(python: str, code: Path | None, experiment: str) -> dict[str, Any]:
    """What its twinrun says of itself. Neither this process's folder nor its PYTHONPATH lends it a twinrun."""
    environment = {name: value for name, value in os.environ.items() if name != PYTHONPATH}
    if code is not None:
        environment[PYTHONPATH] = str(code)
    with tempfile.TemporaryDirectory(prefix="twinrun-interpreter-") as elsewhere:
        try:
            process = subprocess.run(
                [python, "-c", _CODE],
                env=environment,
                cwd=elsewhere,
                input=experiment,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise InterpreterError(f"{python} does not answer within {TIMEOUT_S:g} s; is it a Python?") from None
        except (OSError, ValueError) as error:
            raise InterpreterError(f"{python} cannot be run ({in_one_line(error)})") from None
    if process.returncode != 0:
        last = (process.stderr.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
        raise InterpreterError(
            f"{python} has no twinrun that it can import ({shortened(last, 200)}); install it there, or give the "
            "folder of a checkout that has an environment"
        )
    try:
        told = json.loads(process.stdout.splitlines()[-1])
        return {name: told[name] for name in ("code", "twinrun", "requests", "timing", "problem")}
    except (ValueError, IndexError, KeyError, TypeError):
        raise InterpreterError(f"{python} does not say which twinrun it has; is it a Python?") from None


def source_digest(code: Path) -> str:
    """Twelve digits of the SHA-256 of the source of both packages: of the place and the bytes of every .py file."""
    sha = hashlib.sha256()
    for path in _sources(code):
        sha.update(path.relative_to(code).as_posix().encode() + b"\0")
        sha.update(path.read_bytes() + b"\0")
    return sha.hexdigest()[:12]


def _sources(code: Path) -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((code / package).rglob("*.py"))
