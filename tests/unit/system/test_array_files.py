"""Named arrays in files."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.system.array_files import load_arrays, save_arrays


def test_one_thread_at_a_time_parses_a_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_arrays(tmp_path / "arrays.npz", {"a": np.arange(3)})
    at_once, most, load = 0, 0, np.load

    def slow_load(*args: Any, **options: Any) -> Any:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        time.sleep(0.02)
        at_once -= 1
        return load(*args, **options)

    monkeypatch.setattr(np, "load", slow_load)
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(load_arrays, [tmp_path / "arrays.npz"] * 4))
    assert all(arrays["a"].tolist() == [0, 1, 2] for arrays in loaded)
    assert most == 1
