"""What this machine can really use: every adapter is started in a process of its own and asked."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version
from rich.table import Table

import adapters
from harness.records.exit_codes import AGREES, UNVERIFIED
from harness.records.failure import WorkerFailedError
from harness.report.tables import Screen, console, line
from harness.spec.arm import Arm
from harness.worker import Worker
from harness.worker.tasks import TASKS

TIMEOUT_S = 120.0
UNSEEN_WIDTH = 140  # of the tables, where nobody looks at a terminal
YES, NO = line(("yes", "green")), line(("no", "red"))

# Combinations that are known not to work: where all of `given` are installed, `package` must be within `allowed`.
RULES: tuple[tuple[tuple[str, ...], str, str, str], ...] = (
    (("mindspore",), "numpy", ">=1.26.4,<2", "MindSpore 2.10 is compiled against the NumPy 1.26 C API"),
    (("mindspore", "tensorflow"), "protobuf", ">=7.34.1,<8", "the window that both frameworks accept"),
    (("mindspore",), "protobuf", ">=7.34.1", "MindSpore 2.10 asks for it"),
    (("tensorflow",), "protobuf", "<8", "TensorFlow 2.21 asks for it"),
    (("numpy",), "pyarrow", "<26", "pyarrow 26 refuses NumPy 1.26 when it is imported"),
)
ASK = """\
import json, sys
from importlib import metadata as m
names = ("numpy", "mindspore", "tensorflow", "pydantic", "pyarrow")
found = {d.metadata["Name"].lower(): d.version for d in m.distributions() if d.metadata["Name"]}
print(json.dumps({"version": sys.version.split()[0], **{n: found[n] for n in names if n in found}}))
"""


def examine() -> int:
    """Prints what was found; 0 where all frameworks and the combination work, 4 where not."""
    on = console(UNSEEN_WIDTH)
    machine = f"{platform.system()} {platform.machine()}"
    on.print(f"twinrun on Python {platform.python_version()}, {machine}, {sys.executable}", soft_wrap=True)
    on.print()
    usable = _frameworks(on)
    _interpreters(on)
    problems = combination_problems(_installed())
    if platform.system() != "Linux":
        problems.append(f"{machine}: MindSpore and TensorFlow are tried on Linux only")
    if not Version("3.10") <= Version(platform.python_version()) < Version("3.13"):
        problems.append(f"Python {platform.python_version()}: MindSpore has wheels for 3.10, 3.11 and 3.12 only")
    if problems:
        on.print(line(("this combination does not work:", "bold red")))
        for problem in problems:
            on.print(f"  {problem}", soft_wrap=True)
    else:
        on.print(line(("the combination of NumPy, protobuf and platform is one that works", "green")))
    return AGREES if usable and not problems else UNVERIFIED


def combination_problems(installed: dict[str, str]) -> list[str]:
    """What is wrong with these versions, by `RULES`; a package that is not installed breaks no rule."""
    problems = [
        f"{package} {installed[package]} is installed, {' with '.join(given)} needs {package}{allowed}: {why}"
        for given, package, allowed, why in RULES
        if package in installed and all(name in installed for name in given)
        if Version(installed[package]) not in SpecifierSet(allowed)
    ]
    if {"tensorflow", "tensorflow-cpu"} <= installed.keys():
        problems.append("tensorflow and tensorflow-cpu are both installed and own the same files: remove one")
    return problems


def _installed() -> dict[str, str]:
    names = ("numpy", "protobuf", "pyarrow", "mindspore", "tensorflow", "tensorflow-cpu")
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _frameworks(on: Screen) -> bool:
    table = Table("adapter", "version", "modes", "device", "usable", "why not", box=None, padding=(0, 2, 0, 0))
    usable = True
    for name in adapters.names():
        try:
            found = _ask(name)
        except WorkerFailedError as error:
            usable = False
            table.add_row(name, "", ", ".join(adapters.modes(name)), "", NO, error.failure.message)
            continue
        environment = found["environment"]
        versions = ", ".join(f"{package} {number}" for package, number in environment["versions"].items())
        for number, device in enumerate(found["devices"]):
            head = [name, versions, ", ".join(adapters.modes(name))] if number == 0 else ["", "", ""]
            yes = device["available"]
            why = "" if yes else device["detail"]
            table.add_row(*head, device["name"], YES if yes else "no", why)
    on.print(table)
    on.print()
    return usable


def _ask(name: str) -> dict[str, Any]:
    """Starts the adapter in a folder of its own, which goes with its log."""
    arm = Arm(name=name, adapter=name, mode=adapters.modes(name)[0], timeout_s=TIMEOUT_S)
    with tempfile.TemporaryDirectory() as folder, Worker(arm, Path(folder), Path(folder)) as worker:
        worker.ready()
        result, _ = worker.ask(TASKS["doctor"])
        return result


def _interpreters(on: Screen) -> None:
    """The Pythons an arm's `python` could name, and what they have."""
    table = Table("interpreter", "version", "has", box=None, padding=(0, 2, 0, 0))
    candidates = [sys.executable, *(shutil.which(f"python3.{minor}") for minor in (10, 11, 12))]
    for path in dict.fromkeys(candidates):
        if path is None:
            continue
        asked = subprocess.run([path, "-c", ASK], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        if asked.returncode != 0:
            table.add_row(path, "", line(("does not run", "red")))
            continue
        found = json.loads(asked.stdout)
        number = found.pop("version")
        table.add_row(path, number, ", ".join(f"{k} {v}" for k, v in found.items()) or "none of what an arm needs")
    on.print(table)
    on.print()
