"""The real frameworks, each in processes of its own: none is ever imported where pytest runs."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import rungs
from quiet import hush

from harness.spec.arm import Arm
from harness.worker import Worker

TIMEOUT_S = 300.0

Ask = Callable[..., Any]


def _needs(framework: str) -> None:
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")


@contextmanager
def _process(framework: str) -> Iterator[Ask]:
    _needs(framework)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn, initializer=hush) as pool:
        yield lambda function, *given, **named: pool.submit(function, *given, **named).result(TIMEOUT_S)


@pytest.fixture(scope="module")
def in_mindspore() -> Iterator[Ask]:
    """Calls a function of a module of this folder in a process that lives on, so the framework is imported once."""
    with _process("mindspore") as ask:
        yield ask


@pytest.fixture(scope="module")
def in_tensorflow() -> Iterator[Ask]:
    with _process("tensorflow") as ask:
        yield ask


Start = Callable[[list[Arm], Path], dict[str, Worker]]


@contextmanager
def _workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    with ExitStack() as stack:

        def start(arms: list[Arm], scratch: Path) -> dict[str, Worker]:
            for arm in arms:
                if arm.adapter != "reference":
                    _needs(arm.adapter)
            folders = {arm.name: tmp_path_factory.mktemp(arm.name) for arm in arms}
            workers = {arm.name: stack.enter_context(Worker(arm, folders[arm.name], scratch)) for arm in arms}
            for worker in workers.values():
                worker.ready()
            return workers

        yield start


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a worker per arm, side by side; they end with the module."""
    with _workers(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="session")
def climbed(tmp_path_factory: pytest.TempPathFactory) -> rungs.Climbed:
    """What both frameworks answer to every rung about one small experiment; the workers have gone."""
    with _workers(tmp_path_factory) as start:
        return rungs.climb(start, tmp_path_factory.mktemp("rungs"))
