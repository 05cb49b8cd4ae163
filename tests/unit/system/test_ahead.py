"""One call ahead, and never two."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from harness.system.ahead import OneAhead


def test_the_next_call_runs_while_a_result_is_used() -> None:
    begun = [threading.Event() for _ in range(3)]

    def call(number: int) -> Callable[[], int]:
        def made() -> int:
            begun[number].set()
            return number * number

        return made

    results = []
    with OneAhead(map(call, range(3))) as ahead:
        for number, result in enumerate(ahead):
            results.append(result)
            if number < 2:
                assert begun[number + 1].wait(10)
            assert not any(later.is_set() for later in begun[number + 2 :])
    assert results == [0, 1, 4]


def test_settled_no_call_runs() -> None:
    ended = threading.Event()
    with OneAhead([lambda: None, lambda: ended.wait(0.2) or ended.set()]) as ahead:
        next(iter(ahead))
        ahead.settle()
        assert ended.is_set()


def test_an_exception_comes_in_place_of_its_result() -> None:
    results: list[int] = []
    with pytest.raises(ZeroDivisionError), OneAhead([lambda: 1, lambda: 1 // 0, lambda: 2]) as ahead:
        results.extend(ahead)
    assert results == [1]
