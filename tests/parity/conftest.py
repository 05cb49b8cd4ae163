"""The real frameworks, a process each for the whole session: none is ever imported where pytest runs."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
import raw_mindspore
import rungs
from quiet import hush
from residents import Ask, Resident, here

from harness.spec.arm import Arm

TIMEOUT_S = 600.0


def _needs(framework: str) -> None:
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")


@contextmanager
def _process(framework: str) -> Iterator[Ask]:
    _needs(framework)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn, initializer=hush) as pool:
        yield lambda function, *given, **named: pool.submit(function, *given, **named).result(TIMEOUT_S)


@pytest.fixture(scope="session")
def in_mindspore() -> Iterator[Ask]:
    """Calls a function of a module of this folder in a process that lives on, so the framework is imported once."""
    with _process("mindspore") as ask:
        ask(raw_mindspore.launch_blocking)
        yield ask


@pytest.fixture(scope="session")
def in_tensorflow() -> Iterator[Ask]:
    with _process("tensorflow") as ask:
        yield ask


Start = Callable[[list[Arm], Path], dict[str, Resident]]


@pytest.fixture(scope="session")
def start(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Arms to be asked about the experiment in a folder, all of a framework in its one process."""

    def home(arm: Arm) -> Ask:
        if arm.adapter == "reference":
            return here
        found: Ask = request.getfixturevalue(f"in_{arm.adapter}")
        return found

    def start(arms: list[Arm], scratch: Path) -> dict[str, Resident]:
        return {arm.name: Resident(arm, home(arm), tmp_path_factory.mktemp(arm.name), scratch) for arm in arms}

    return start


@pytest.fixture(scope="session")
def climbed(start: Start, tmp_path_factory: pytest.TempPathFactory) -> rungs.Climbed:
    """What both frameworks answer to every rung about one small experiment."""
    return rungs.climb(start, tmp_path_factory.mktemp("rungs"))
