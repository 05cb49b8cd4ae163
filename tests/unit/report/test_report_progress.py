"""How far a run is: a line now and then, or bars on a terminal."""

from __future__ import annotations

import gc
import io
import time
from collections.abc import Callable

import pytest
from rich.console import Console

from harness.report.progress import FIRST_S, QUIET_S, SHORT_S, ProgressDisplay
from harness.system.progress import Work


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def shown(clock: Clock, is_terminal: bool = False) -> tuple[ProgressDisplay, Callable[[], str]]:
    """A display whose thread does not run, and a function that returns what it printed since the last call."""
    out = io.StringIO()
    display = ProgressDisplay(Console(file=out, force_terminal=is_terminal, width=150, highlight=False), clock)
    display._watch = lambda: None  # type: ignore[method-assign]

    def printed() -> str:
        text = out.getvalue()
        out.seek(0)
        out.truncate()
        return text

    return display, printed


def after(display: ProgressDisplay, clock: Clock, seconds: float) -> None:
    clock.now_s += seconds
    display.tick()


def test_a_run_that_says_nothing_has_a_first_line_soon(clock: Clock) -> None:
    display, printed = shown(clock)
    display.stage("plan")
    after(display, clock, FIRST_S - 0.1)
    assert printed() == ""
    after(display, clock, 0.2)
    assert printed() == "  plan: 1 s so far\n"
    after(display, clock, QUIET_S - 0.1)
    assert printed() == ""
    after(display, clock, 0.2)
    assert printed() == "  plan: 11 s so far\n"


def test_a_short_run_prints_nothing_of_its_own(clock: Clock) -> None:
    """As long as something else is printed every few seconds."""
    display, printed = shown(clock)
    display.stage("self")
    for _ in range(20):
        display.work(Work("one", "self", 1, 3, "runs"))
        display.said()
        after(display, clock, QUIET_S - 0.5)
    assert printed() == ""


def test_the_line_says_who_does_what_and_how_long_it_takes(clock: Clock) -> None:
    display, printed = shown(clock)
    display.stage("trajectory")
    display.work(Work("mindspore", "free-run", 0, 4, "runs"))
    display.work(Work("reference", "chaos envelope", 0, 1000))
    display.work(Work("tensorflow", "trajectory"))
    clock.now_s += 10
    display.work(Work("mindspore", "free-run", 1, 4, "runs"))
    display.work(Work("reference", "chaos envelope", 800, 1000))
    display.tick()
    assert printed() == (
        "  trajectory: mindspore free-run 1 of 4 runs, 30 s left; "
        "reference chaos envelope 800 of 1,000 steps, 2 s left; tensorflow, 10 s so far\n"
    )


def test_what_is_done_or_has_failed_is_not_shown(clock: Clock) -> None:
    display, printed = shown(clock)
    display.stage("step")
    for who in ("one", "other", "third"):
        display.work(Work(who, "step"))
    display.work(Work("one", "step", 1))
    display.forget("other")
    after(display, clock, 12)
    assert printed() == "  step: third, 12 s so far\n"


def test_work_that_is_counted_says_more_than_what_it_is_part_of(clock: Clock) -> None:
    display, printed = shown(clock)
    display.stage("layer")
    display.work(Work("reference", "verdicts"))
    display.work(Work("reference", "", 0, 10, "cases"))
    clock.now_s += 10
    display.work(Work("reference", "", 5, 10, "cases"))
    after(display, clock, 3)
    assert printed() == "  layer: reference 5 of 10 cases, 7 s left\n"


def test_on_a_terminal_what_takes_long_has_a_bar(clock: Clock) -> None:
    display, printed = shown(clock, is_terminal=True)
    display.stage("self")
    display.work(Work("mindspore", "self", 0, 3, "runs"))
    after(display, clock, SHORT_S / 2)
    assert printed() == ""
    clock.now_s += SHORT_S
    display.work(Work("mindspore", "self", 1, 3, "runs"))
    after(display, clock, 0)
    display.close()
    text = printed()
    assert "self mindspore" in text
    assert "1 of 3 runs  3 s left" in text
    assert text.endswith("\x1b[2K"), "the bar is removed"
    after(display, clock, 60)
    assert printed() == ""


def test_the_thread_prints_and_ends_with_the_display(capsys: pytest.CaptureFixture[str]) -> None:
    display = ProgressDisplay(Console(width=150, highlight=False))
    display.stage("plan")
    thread = display._thread
    assert thread is not None
    time.sleep(FIRST_S + 1.0)
    assert capsys.readouterr().out.startswith("  plan: ")
    del display
    gc.collect()
    thread.join(5)
    assert not thread.is_alive()


def test_the_thread_ends_where_nothing_can_be_printed() -> None:
    out = io.StringIO()
    display = ProgressDisplay(Console(file=out, width=150))
    out.close()
    display.stage("plan")
    thread = display._thread
    assert thread is not None
    thread.join(5)
    assert not thread.is_alive()
