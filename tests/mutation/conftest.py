"""One process for each framework, and the count of the faults that were noticed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from bench import Bench, make_bench
from experiments import ARMS, BESIDE
from faults import Fault
from laboratory import Laboratory
from tally import Tally

TALLY = pytest.StashKey[Tally]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TALLY] = Tally()


@pytest.fixture(scope="session")
def tally(pytestconfig: pytest.Config) -> Tally:
    return pytestconfig.stash[TALLY]


@pytest.fixture(scope="session")
def laboratory(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """Asks at once about all faults that are to be tested: the frameworks work while their answers are judged."""
    chosen = [item.callspec.params["fault"] for item in request.session.items if _of_an_arm(item)]
    needed = {ARMS[fault.arm].adapter for fault in chosen}
    for framework in {*needed, *(BESIDE[each] for each in needed)} & {"mindspore", "tensorflow"}:
        if find_spec(framework) is None:
            pytest.skip(f"{framework} is not installed")
    made = Laboratory(tmp_path_factory.mktemp("laboratory"))
    try:
        made.ask(chosen)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where the session is one of several processes, it tells its count to the one that prints."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["tally"] = session.config.stash[TALLY].plain()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[TALLY].add(getattr(node, "workeroutput", {}).get("tally", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tally = config.stash[TALLY]
    if tally.rungs:
        terminalreporter.section("planted faults")
        for line in tally.lines():
            terminalreporter.write_line(line)


def _of_an_arm(item: pytest.Item) -> bool:
    return isinstance(getattr(getattr(item, "callspec", None), "params", {}).get("fault"), Fault)
