"""A project of somebody else, with tests that use the pytest plugin: pytest runs on it in a process of its own."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as Xml

from command import ENVIRONMENT, ROOT

if sys.version_info >= (3, 11):
    import tomllib as toml
else:
    import tomli as toml

PLUGIN = "harness.pytest_plugin"
# Where the distribution is installed with its entry point, pytest loads the plugin by itself.
IS_INSTALLED = any(point.value == PLUGIN for point in importlib.metadata.entry_points(group="pytest11"))
RESULTS = "junit.xml"
PYPROJECT = """
[project]
name = "port"
version = "1.0"

[tool.pytest.ini_options]
addopts = "--strict-markers --strict-config"
"""


@dataclass(frozen=True)
class Ended:
    """One test: `outcome` is `passed`, `failed`, `error` or `skipped`; `text` is all that pytest tells of why."""

    outcome: str
    text: str = ""


@dataclass(frozen=True)
class Session:
    """One run of pytest: its exit code, all its output, and its tests by name."""

    code: int
    output: str
    tests: dict[str, Ended]


def written(folder: Path, test_file: str, **others: str) -> Path:
    """Writes the project. `others`: the text of other Python files in the folder of its tests, by name."""
    (folder / "tests").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    for name, text in {"test_port": test_file, **others}.items():
        (folder / "tests" / f"{name}.py").write_text(text)
    return folder


def installed(folder: Path) -> Path:
    """A folder with the metadata of a distribution that has the entry point that pyproject.toml declares."""
    declared = toml.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    metadata = folder / "made_up-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n")
    points = "".join(f"{name} = {place}\n" for name, place in declared.items())
    (metadata / "entry_points.txt").write_text(f"[pytest11]\n{points}")
    return folder


def start_pytest(folder: Path, *arguments: str, distribution: Path | None = None) -> subprocess.Popen[str]:
    """Starts pytest on the project. `distribution`: a folder whose entry points load the plugin."""
    loading = [] if IS_INSTALLED or distribution else ["-p", PLUGIN]
    command = [sys.executable, "-m", "pytest", *loading, "-p", "no:cacheprovider", f"--junitxml={folder / RESULTS}"]
    environment = {key: value for key, value in ENVIRONMENT.items() if not key.startswith("PYTEST_")}
    if distribution:
        environment["PYTHONPATH"] += f"{os.pathsep}{distribution}"
    return subprocess.Popen(
        [*command, f"--basetemp={folder / 'temporary'}", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end_of(process: subprocess.Popen[str], folder: Path) -> Session:
    """Waits for the end of pytest."""
    output, _ = process.communicate(timeout=400)
    results = folder / RESULTS
    cases = Xml.parse(results).getroot().iter("testcase") if results.exists() else ()
    return Session(process.returncode, output, {case.get("name", ""): _ended(case) for case in cases})


def run_pytest(folder: Path, *arguments: str, distribution: Path | None = None) -> Session:
    """Runs the tests of the project."""
    return end_of(start_pytest(folder, *arguments, distribution=distribution), folder)


def _ended(case: Xml.Element) -> Ended:
    for kind, outcome in (("error", "error"), ("failure", "failed"), ("skipped", "skipped")):
        found = case.find(kind)
        if found is not None:
            return Ended(outcome, f"{found.get('message', '')}\n{found.text or ''}")
    return Ended("passed")
