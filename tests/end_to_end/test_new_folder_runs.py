"""The folder that `twinrun init` writes runs as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import ENVIRONMENT, finish, start


@pytest.mark.nightly
def test_every_command_of_its_readme_runs(tmp_path: Path) -> None:
    code, out, err = finish(start(["init", "mine"], tmp_path))
    assert code == 0, err
    assert "conf/model/mine.yaml" in out
    folder = tmp_path / "mine"
    for arguments in (
        ["show-model", "--config-dir", "conf", "model=mine"],
        ["check", "--config-dir", "conf", "experiment=mine"],
        ["match", "--config-dir", "conf", "experiment=mine", "model.parameters.width=16"],
        ["check", "pair=pair/mine.yaml"],
    ):
        code, out, err = finish(start(arguments, folder))
        assert code == 0, (arguments, out[-2000:], err)
    command = [sys.executable, "-m", "pytest", "-q", "tests"]
    environment = {
        name: value for name, value in {**os.environ, **ENVIRONMENT}.items() if not name.startswith("PYTEST")
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
