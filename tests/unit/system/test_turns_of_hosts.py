"""Cores of a host are taken in turns: never more than there are, and what is timed has all of them."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

import pytest

from harness.system import turns


@pytest.fixture(autouse=True)
def three_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(turns, "cores", lambda: 3)


def test_never_more_than_there_are() -> None:
    busy, most, lock = 0, 0, threading.Lock()

    def work(needed: int) -> None:
        nonlocal busy, most
        with turns.turn(needed) as is_on:
            assert is_on
            with lock:
                busy += needed
                most = max(most, busy)
            time.sleep(0.05)
            with lock:
                busy -= needed

    threads = [threading.Thread(target=work, args=(needed,)) for needed in (1, 2, 3, 1, 1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert busy == 0
    assert 1 < most <= 3


def test_more_than_all_is_all() -> None:
    with turns.turn(99) as is_on:
        assert is_on
        with turns.turn(1, lambda: True) as is_other_on:
            assert not is_other_on


def test_who_gives_up_takes_nothing() -> None:
    with turns.turn(2), turns.turn(2, lambda: True) as is_on:
        assert not is_on
    with turns.turn(3) as is_on:
        assert is_on
