"""The real frameworks, each in processes of its own: none is ever imported where pytest runs."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.spec.arm import Arm
from harness.worker import Worker
from harness.worker.process import QUIET

TIMEOUT_S = 300.0

Ask = Callable[..., Any]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "frameworks: needs MindSpore and TensorFlow")


def _hush() -> None:
    os.environ.update({key: os.environ.get(key, value) for key, value in QUIET.items()})


@contextmanager
def framework_process() -> Iterator[Ask]:
    """Calls functions of modules in this folder in one process that lives on, so that a framework is imported once."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn, initializer=_hush) as pool:
        yield lambda function, *given, **named: pool.submit(function, *given, **named).result(TIMEOUT_S)


@pytest.fixture(scope="session")
def in_mindspore() -> Iterator[Ask]:
    with framework_process() as ask:
        yield ask


@pytest.fixture(scope="session")
def in_tensorflow() -> Iterator[Ask]:
    with framework_process() as ask:
        yield ask


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[list[Arm], Path], dict[str, Worker]]]:
    """Starts a worker per arm, side by side, and ends them with the module."""
    with ExitStack() as stack:

        def start(arms: list[Arm], scratch: Path) -> dict[str, Worker]:
            started = {}
            for arm in arms:
                folder = tmp_path_factory.mktemp(arm.name)
                started[arm.name] = stack.enter_context(Worker(arm, folder, scratch))
            for worker in started.values():
                worker.ready()
            return started

        yield start
