"""A project of somebody else, with tests that use the pytest plugin: pytest runs on it in a process of its own."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as Xml

from command import ENVIRONMENT

PLUGIN = "harness.pytest_plugin"
# Where the distribution is installed with its entry point, pytest loads the plugin by itself.
IS_INSTALLED = any(point.value == PLUGIN for point in importlib.metadata.entry_points(group="pytest11"))
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


def run_pytest(folder: Path, *arguments: str) -> Session:
    """Runs the tests of the project."""
    loading = [] if IS_INSTALLED else ["-p", PLUGIN]
    results = folder / "junit.xml"
    command = [sys.executable, "-m", "pytest", *loading, "-p", "no:cacheprovider", f"--junitxml={results}"]
    environment = {key: value for key, value in ENVIRONMENT.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        [*command, f"--basetemp={folder / 'temporary'}", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    cases = Xml.parse(results).getroot().iter("testcase") if results.exists() else ()
    return Session(done.returncode, done.stdout + done.stderr, {case.get("name", ""): _ended(case) for case in cases})


def _ended(case: Xml.Element) -> Ended:
    for kind, outcome in (("error", "error"), ("failure", "failed"), ("skipped", "skipped")):
        found = case.find(kind)
        if found is not None:
            return Ended(outcome, f"{found.get('message', '')}\n{found.text or ''}")
    return Ended("passed")
