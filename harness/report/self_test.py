"""What `gate --self-test` prints."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.tables import console, draw
from harness.scenarios.gate.self_test import APART, DRAWN, TURNS, SelfTest
from harness.system.output import say_on_stderr
from harness.system.progress import Work
from harness.timing.power import MOST_PROCESSES, POWER
from harness.timing.self_test import GATES
from harness.timing.slowdown import SLOWDOWN

HEAD = ["noise of", "processes", "how", "planted", "slower", "not slower", "undecided"]
LEGEND = (
    f"slower at +0% is a false alarm, at +{SLOWDOWN:.0%} and above it is the power. {TURNS}: head and base in one "
    f"invocation; {APART}: from two parts of the series, as two invocations; {DRAWN}: there is no series, or it is too "
    f"short, so that gates are drawn with its spread, in turns, without drift. Of each {GATES:,} gates."
)


def work(done: Work) -> None:
    """Says how far the recording is."""
    say_on_stderr(f"{done.who}: {done.what}")


def show(tests: Sequence[SelfTest]) -> None:
    """Prints a row for each number of processes and each planted slowdown, then the spread of each series."""
    screen = console()
    draw(screen, "", HEAD, [row for test in tests for row in _rows(test)])
    screen.print(LEGEND, soft_wrap=True)
    for test in tests:
        screen.print(in_words(test), soft_wrap=True)


def _rows(test: SelfTest) -> list[list[str]]:
    return [
        [
            test.series,
            str(tried.processes),
            tried.how,
            f"+{tried.rates.slowdown:.0%}",
            *(f"{share:.1%}" for share in (tried.rates.slower, tried.rates.not_slower, tried.rates.undecided)),
        ]
        for tried in test.tried
    ]


def in_words(test: SelfTest) -> str:
    """The spread of a series, and how many processes would find a slowdown."""
    enough = (
        f"{test.needed} processes of each side find a slowdown of {SLOWDOWN:.0%} with a power of {POWER:.0%}"
        if test.needed
        else f"not even {MOST_PROCESSES} processes of each side find a slowdown of {SLOWDOWN:.0%}: it is too noisy"
    )
    about = f"{test.count} process medians with a spread of {test.spread:.1%}; " if test.count else ""
    return f"{test.series}: {about}{enough}"
