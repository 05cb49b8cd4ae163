"""What the tests of composition share: the experiment or the mistakes that some overrides make."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.composition import UserMistake, compose
from harness.spec import Experiment

REPOSITORY = Path(__file__).parents[2]


def mistakes(*overrides: str, config_dirs: Sequence[Path] = ()) -> tuple[str, ...]:
    with pytest.raises(UserMistake) as caught:
        compose(overrides, config_dirs)
    return caught.value.mistakes


def mistake(*overrides: str, config_dirs: Sequence[Path] = ()) -> str:
    found = mistakes(*overrides, config_dirs=config_dirs)
    assert len(found) == 1, found
    return found[0]


def experiment(*overrides: str) -> Experiment:
    return compose(overrides).experiment


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def run(code: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
