"""What it costs to complete a run, and to read it back: the digests of records as large as those of the default run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.results.claim import claim
from harness.results.marker import Marker, complete, damages
from harness.results.store import write_text
from harness.system.array_files import save_arrays

PARAMETERS = 1_238_730  # of the default model
ARMS = ("mindspore", "tensorflow")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    claim(tmp_path / "run", "match")
    rng = np.random.default_rng(0)
    for arm in ARMS:
        below = tmp_path / "run" / "arms" / arm
        below.mkdir(parents=True)
        save_arrays(below / "weights.npz", {"w": rng.random(PARAMETERS, np.float32)})
        write_text(below / "trace.json", "{}")
    return tmp_path / "run"


@pytest.mark.parametrize("act", ["complete", "read"])
def test_marker(benchmark: Any, folder: Path, act: str) -> None:
    marker = Marker.of("run", 0, "AGREES")
    complete(folder, marker)
    benchmark(lambda: complete(folder, marker) if act == "complete" else list(damages(folder)))
    assert list(damages(folder)) == []
