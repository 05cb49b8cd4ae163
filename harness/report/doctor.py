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
from adapters.info import AdapterError
from harness.records.exit_codes import AGREES, UNVERIFIED
from harness.records.failure import WorkerFailedError
from harness.report.tables import Screen, console, line
from harness.spec.arm import Arm
from harness.worker import Worker
from harness.worker.tasks import TASKS

TIMEOUT_S = 120.0
UNSEEN_WIDTH = 140  # of the tables, where nobody looks at a terminal
YES, NO = line(("yes", "green")), line(("no", "red"))

ASK = """\
import json, sys
from importlib import metadata as m
names = ("numpy", *{names}, "pydantic", "pyarrow")
found = {{d.metadata["Name"].lower(): d.version for d in m.distributions() if d.metadata["Name"]}}
print(json.dumps({{"version": sys.version.split()[0], **{{n: found[n] for n in names if n in found}}}}))
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
        problems.append(f"{machine}: the frameworks are tried on Linux only")
    if not Version("3.10") <= Version(platform.python_version()) < Version("3.13"):
        problems.append(f"Python {platform.python_version()}: twinrun is tried with 3.10, 3.11 and 3.12 only")
    if problems:
        on.print(line(("this combination does not work:", "bold red")))
        for problem in problems:
            on.print(f"  {problem}", soft_wrap=True)
    else:
        on.print(line(("the combination of NumPy, protobuf and platform is one that works", "green")))
    return AGREES if usable and not problems else UNVERIFIED


def combination_problems(installed: dict[str, str]) -> list[str]:
    """What is wrong with these versions, by what the adapters require; a package that is not there breaks no rule."""
    about = adapters.usable().values()
    problems = [
        f"{rule.package} {installed[rule.package]} is installed, {' with '.join(rule.beside)} needs "
        f"{rule.package}{rule.allowed}: {rule.reason}"
        for each in about
        for rule in each.requirements
        if rule.package in installed and all(name in installed for name in rule.beside)
        if Version(installed[rule.package]) not in SpecifierSet(rule.allowed)
    ]
    for each in about:
        if len(both := [name for name in each.exclusive if name in installed]) > 1:
            problems.append(f"{' and '.join(both)} are both installed and own the same files: remove one")
    return problems


def _installed() -> dict[str, str]:
    about = adapters.usable().values()
    of_adapters = {name for each in about for name in (each.distribution, *each.packages, *each.exclusive)}
    required = {rule.package for each in about for rule in each.requirements}
    found = {}
    for name in sorted(of_adapters | required):
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
            modes = ", ".join(adapters.modes(name))
            found = _ask(name)
        except AdapterError as error:
            usable = False
            table.add_row(name, "", "", "", NO, line(str(error)))
            continue
        except WorkerFailedError as error:
            usable = False
            table.add_row(name, "", modes, "", NO, error.failure.message)
            continue
        environment = found["environment"]
        versions = ", ".join(f"{package} {number}" for package, number in environment["versions"].items())
        for number, device in enumerate(found["devices"]):
            head = [name, versions, modes] if number == 0 else ["", "", ""]
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
    asking = ASK.format(names=tuple(adapters.info(name).distribution for name in adapters.frameworks()))
    candidates = [sys.executable, *(shutil.which(f"python3.{minor}") for minor in (10, 11, 12))]
    for path in dict.fromkeys(candidates):
        if path is None:
            continue
        asked = subprocess.run([path, "-c", asking], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        if asked.returncode != 0:
            table.add_row(path, "", line(("does not run", "red")))
            continue
        found = json.loads(asked.stdout)
        number = found.pop("version")
        table.add_row(path, number, ", ".join(f"{k} {v}" for k, v in found.items()) or "none of what an arm needs")
    on.print(table)
    on.print()
