"""The folder that `twinrun init` writes runs as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import ENVIRONMENT, finish, start


@pytest.mark.nightly
def test_its_model_is_shown_and_its_tests_pass(tmp_path: Path) -> None:
    """Its tests check its experiment and its pair, as the commands of its README do."""
    code, out, err = finish(start(["init", "mine"], tmp_path))
    assert code == 0, err
    assert "conf/model/mine.yaml" in out
    folder = tmp_path / "mine"
    code, out, err = finish(start(["show-model", "--config-dir", "conf", "model=mine"], folder))
    assert code == 0, err
    assert "max_pool2d_2" in out
    command = [sys.executable, "-m", "pytest", "-q", "tests"]
    environment = {
        name: value for name, value in {**os.environ, **ENVIRONMENT}.items() if not name.startswith("PYTEST")
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
