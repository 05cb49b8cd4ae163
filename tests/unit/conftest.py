"""What several unit tests are about: a small experiment, digits to run it on, and MNIST in files, cache and mirror."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_mnist import Server, draw_files, squeeze, write_all
from small_experiment import SMALL

from harness.data import Dataset, download, load
from harness.spec import Experiment
from harness.spec.data import Mnist5k


@pytest.fixture(scope="session")
def experiment_of() -> Callable[..., Experiment]:
    """The small experiment with some of its fields changed."""
    return lambda **changed: Experiment.model_validate({**SMALL, **changed})


@pytest.fixture(scope="session")
def noise() -> Dataset:
    """40 samples to train on and 20 to test on, of no digit in particular."""
    rng = np.random.default_rng(4)

    def part(count: int) -> tuple[Any, Any]:
        return rng.integers(0, 256, (count, 28, 28, 1), np.uint8), rng.integers(0, 10, count).astype(np.int32)

    (x_train, y_train), (x_test, y_test) = part(40), part(20)
    return Dataset(x_train, y_train, x_test, y_test, "noise")


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """What `data=mnist5k` is by default."""
    return load(Mnist5k())


@pytest.fixture
def mnist_files(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The four uncompressed files of a small data set, which `Mnist` is made to stand for."""
    files, parts = draw_files()
    monkeypatch.setattr("harness.data.mnist.PARTS", parts)
    return files


@pytest.fixture
def mnist_folder(mnist_files: dict[str, bytes], tmp_path: Path) -> Path:
    """The small data set as IDX.gz files, for a test to damage."""
    return write_all(tmp_path / "folder", mnist_files, ".gz", squeeze)


@pytest.fixture
def mnist_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache; no mirror answers, unless the test sets others."""
    monkeypatch.setattr("harness.data.mnist.user_cache_dir", lambda name: str(tmp_path / "cache" / name))
    monkeypatch.setattr(download, "MIRRORS", ("http://127.0.0.1:9/", "http://127.0.0.1:9/other/"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache" / "twinrun" / "mnist"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "served").mkdir()
    with Server(tmp_path / "served") as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()
