"""What every pytest pays for the plugin: nothing of ours is imported; and the distribution declares it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import pytest_plugin

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[3]
IMPORTED = """
import importlib, json, sys
import pytest
before = set(sys.modules)
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def imported_by(*modules: str) -> set[str]:
    """The modules that are imported with these, in a process in which pytest is."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", IMPORTED, *modules]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return set(json.loads(done.stdout))


def test_the_start_of_pytest_imports_the_plugin_alone() -> None:
    parts = ["harness.pytest_plugin", "harness.pytest_plugin.benchmarks", "harness.pytest_plugin.no_benchmarks"]
    assert imported_by(*parts) == {"harness", *parts}


def test_a_test_that_climbs_does_import_the_rest() -> None:
    """Otherwise the test above would see nothing."""
    assert {"pandas", "harness.scenarios.ending"} <= imported_by("harness.pytest_plugin.ladder")


def test_the_distribution_declares_the_entry_point() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    assert declared == {"twinrun": pytest_plugin.__name__}


def test_the_help_of_the_marker_names_every_keyword() -> None:
    from harness.pytest_plugin.ladder import KEYWORDS

    assert all(f"{keyword}=" in pytest_plugin.HELP for keyword in KEYWORDS)


@pytest.mark.parametrize("name", ["harness.cli", "harness.report"])
def test_the_command_does_not_need_pytest(name: str) -> None:
    script = f"import sys; import {name}; sys.exit('pytest' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", script], env=environment, timeout=60, check=False).returncode == 0
