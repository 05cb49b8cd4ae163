"""What this machine can use: every adapter is started in a process of its own and asked for its devices."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
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
from harness.report import presented
from harness.report.arrangements import COLUMNS as ARRANGEMENT_COLUMNS
from harness.report.arrangements import arrangement_rows
from harness.report.tables import Screen, console, line
from harness.spec.arm import Arm
from harness.worker import Worker
from harness.worker.tasks import TASKS

TIMEOUT_S = 120.0
UNSEEN_WIDTH = 140  # columns of the tables where the output is no terminal
YES, NO = line(("yes", "green")), line(("no", "red"))

VERSIONS_CODE = """\
import json, sys
from importlib import metadata as m
names = ("numpy", *{names}, "pydantic", "pyarrow")
versions = {{d.metadata["Name"].lower(): d.version for d in m.distributions() if d.metadata["Name"]}}
print(json.dumps({{"version": sys.version.split()[0], **{{n: versions[n] for n in names if n in versions}}}}))
"""


def examine() -> int:
    """Prints the state of the installation. Returns 0 where all frameworks and the combination work, and else 4."""
    screen = console(UNSEEN_WIDTH)
    machine = f"{platform.system()} {platform.machine()}"
    screen.print(f"twinrun on Python {platform.python_version()}, {machine}, {sys.executable}", soft_wrap=True)
    screen.print()
    usable, started = _frameworks(screen)
    _arrangements(screen, started)
    _interpreters(screen)
    problems = combination_problems(_installed())
    if platform.system() != "Linux":
        problems.append(f"{machine}: the frameworks are tried on Linux only")
    if not Version("3.10") <= Version(platform.python_version()) < Version("3.13"):
        problems.append(f"Python {platform.python_version()}: twinrun is tried with 3.10, 3.11 and 3.12 only")
    if problems:
        screen.print(line(("this combination does not work:", "bold red")))
        for problem in problems:
            screen.print(f"  {problem}", soft_wrap=True)
    else:
        screen.print(line(("the combination of NumPy, protobuf and platform is one that works", "green")))
    return AGREES if usable and not problems else UNVERIFIED


def combination_problems(installed: dict[str, str]) -> list[str]:
    """The requirements of the adapters that these versions break. A package that is not installed breaks none."""
    infos = adapters.usable().values()
    problems = [
        f"{rule.package} {installed[rule.package]} is installed, {' with '.join(rule.beside)} needs "
        f"{rule.package}{rule.allowed}: {rule.reason}"
        for info in infos
        for rule in info.requirements
        if rule.package in installed and all(name in installed for name in rule.beside)
        if Version(installed[rule.package]) not in SpecifierSet(rule.allowed)
    ]
    for info in infos:
        if len(clashing := [name for name in info.exclusive if name in installed]) > 1:
            problems.append(f"{' and '.join(clashing)} are both installed and own the same files: remove one")
    return problems


def _installed() -> dict[str, str]:
    """The versions of the packages here that the adapters name, by package."""
    infos = adapters.usable().values()
    named = {name for info in infos for name in (info.distribution, *info.packages, *info.exclusive)}
    required = {rule.package for info in infos for rule in info.requirements}
    versions = {}
    for name in sorted(named | required):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _frameworks(screen: Screen) -> tuple[bool, list[str]]:
    """Prints what each adapter can use. Returns whether all of them could be started, and those that were."""
    table = Table("adapter", "version", "modes", "device", "usable", "why not", box=None, padding=(0, 2, 0, 0))
    usable, started = True, list[str]()
    for name in adapters.names():
        try:
            modes = ", ".join(adapters.modes(name))
            answer = _ask(name)
        except AdapterError as error:
            usable = False
            table.add_row(name, "", "", "", NO, line(str(error)))
            continue
        except WorkerFailedError as error:
            usable = False
            table.add_row(name, "", modes, "", NO, error.failure.message)
            continue
        started.append(name)
        environment = answer["environment"]
        versions = ", ".join(f"{package} {number}" for package, number in environment["versions"].items())
        for number, device in enumerate(answer["devices"]):
            cells = [name, versions, modes] if number == 0 else ["", "", ""]
            is_available = device["available"]
            reason = "" if is_available else device["detail"]
            table.add_row(*cells, device["name"], YES if is_available else "no", reason)
    screen.print(table)
    screen.print()
    return usable, started


def _arrangements(screen: Screen, started: Sequence[str]) -> None:
    """Prints how fast each framework is here in its arrangements. Measures them if no run has done so."""
    rows = arrangement_rows([_arm(name) for name in started], presented.notice)
    if not rows:
        return
    table = Table(*ARRANGEMENT_COLUMNS, box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    screen.print(table)
    screen.print()


def _arm(name: str) -> Arm:
    """The adapter's default arm."""
    return Arm(name=name, adapter=name, mode=adapters.modes(name)[0], timeout_s=TIMEOUT_S)


def _ask(name: str) -> dict[str, Any]:
    """Starts the adapter in a temporary folder and returns its environment and devices."""
    arm = _arm(name)
    with tempfile.TemporaryDirectory() as folder, Worker(arm, Path(folder), Path(folder)) as worker:
        worker.ready()
        result, _ = worker.ask(TASKS["doctor"])
        return result


def _interpreters(screen: Screen) -> None:
    """Prints the interpreters that an arm's `python` could name, and the packages that they have."""
    table = Table("interpreter", "version", "has", box=None, padding=(0, 2, 0, 0))
    code = VERSIONS_CODE.format(names=tuple(adapters.info(name).distribution for name in adapters.frameworks()))
    candidates = [sys.executable, *(shutil.which(f"python3.{minor}") for minor in (10, 11, 12))]
    for path in dict.fromkeys(candidates):
        if path is None:
            continue
        process = subprocess.run([path, "-c", code], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        if process.returncode != 0:
            table.add_row(path, "", line(("does not run", "red")))
            continue
        versions = json.loads(process.stdout)
        python = versions.pop("version")
        table.add_row(path, python, ", ".join(f"{k} {v}" for k, v in versions.items()) or "none of what an arm needs")
    screen.print(table)
    screen.print()
