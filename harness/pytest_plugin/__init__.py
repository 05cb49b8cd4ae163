"""The pytest plugin: the marker `parity`, its fixture of the same name, and the fixture `twinrun_benchmark`.

pytest imports this module at every start, so it imports nothing of ours but its own hooks; the rest is imported by the
tests that ask for it. `docs/pytest.md` is its manual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.ladder import Parity

MARKER = "parity"
HELP = (
    "parity(experiment=None, pair=None, arms=None, rungs=None, overrides=(), config_dir=None, out=None, trust=False, "
    "unverified='fail'): climb twinrun's parity ladder before the test, which fails where something diverges"
)
# The fixture that climbs. It has a name of its own, so that a project's own fixture `parity` does not switch it off.
CLIMBING = "_twinrun_parity"
STOPPED = "the parity ladder was stopped with Ctrl-C or SIGTERM"
OUTCOME = pytest.StashKey["Parity"]()


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker, and the fixture `twinrun_benchmark` with what it needs of pytest-benchmark."""
    config.addinivalue_line("markers", HELP)
    if config.getoption("benchmark_skip", None) is None:
        from harness.pytest_plugin import no_benchmarks

        config.pluginmanager.register(no_benchmarks, "twinrun-no-benchmarks")
    else:
        from harness.pytest_plugin import benchmarks

        config.pluginmanager.register(benchmarks, "twinrun-benchmarks")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Has a marked test set up its check, behind the fixtures that the test names itself."""
    if isinstance(item, pytest.Function) and item.get_closest_marker(MARKER):
        item.fixturenames = [*item.fixturenames, CLIMBING]


@pytest.fixture(name=CLIMBING)
def climbing(request: pytest.FixtureRequest) -> Parity:
    """Climbs the ladder that the marker of the test describes."""
    from harness.pytest_plugin import ladder
    from harness.pytest_plugin.question import mistakes_fail

    try:
        with mistakes_fail(MARKER):
            question, skips_unverified = ladder.asked(request.node)
            folder = question.out or request.getfixturevalue("tmp_path") / "parity"
            outcome = ladder.climb(question, folder, skips_unverified)
    except KeyboardInterrupt:
        # pytest cannot tear its `tmp_path` down after an interrupted setup: so the test fails, and the session ends.
        request.session.shouldstop = STOPPED
        interruption = pytest.fail.Exception(f"INTERRUPTED: {STOPPED}", pytrace=False)
        raise interruption from None
    request.node.stash[OUTCOME] = outcome
    return outcome


@pytest.fixture
def parity(request: pytest.FixtureRequest) -> Parity:
    """What the ladder of the test's marker `parity` came to: exit code, sentence, folder, verdicts."""
    outcome: Parity = request.getfixturevalue(CLIMBING)
    return outcome


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Fails a marked test before its body is called, unless its check passed."""
    if item.get_closest_marker(MARKER) is None:
        return
    if OUTCOME not in item.stash:
        pytest.fail(f"{MARKER}: the ladder was not climbed; mark a test function or method", pytrace=False)
    outcome = item.stash[OUTCOME]
    if outcome.is_skipped:
        pytest.skip(outcome.in_words)
    if not outcome.passed:
        pytest.fail(outcome.in_words, pytrace=False)
