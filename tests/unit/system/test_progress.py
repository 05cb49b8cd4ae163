"""Reports on how far a piece of work is."""

from __future__ import annotations

import time

import pytest

from harness.system.progress import Work, counted, doing, said_if_slow


def test_each_item_is_counted_before_its_work() -> None:
    reports: list[Work] = []
    done = []
    for item in counted("abc", "reference", "free run", reports.append, every_s=0.0):
        done.append((item, reports[-1].done))
    assert done == [("a", 0), ("b", 1), ("c", 2)]
    assert [work.done for work in reports] == [0, 1, 2, 3]
    assert [work.is_ended for work in reports] == [False, False, False, True]


def test_short_items_are_reported_now_and_then_and_at_the_end() -> None:
    reports: list[Work] = []
    assert list(counted(range(10_000), "reference", "", reports.append, every_s=60.0)) == list(range(10_000))
    assert [work.done for work in reports] == [0, 10_000]


def test_work_that_fails_is_at_its_end() -> None:
    reports: list[Work] = []
    with pytest.raises(ValueError, match="no"), doing("one", "step", reports.append):
        raise ValueError("no")
    assert [work.is_ended for work in reports] == [False, True]


def test_a_loop_that_is_left_is_at_its_end() -> None:
    reports: list[Work] = []
    items = counted(range(5), "one", "", reports.append)
    next(items)
    items.close()
    assert reports[-1].is_ended


@pytest.mark.parametrize(("takes_s", "said"), [(0.3, "still reading\n"), (0.0, "")])
def test_what_takes_long_is_said(takes_s: float, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with said_if_slow("still reading", 0.1):
        time.sleep(takes_s)
    time.sleep(0.2)
    assert capsys.readouterr().out == said
