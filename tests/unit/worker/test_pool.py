"""A pool ends every worker, also where a signal arrives while it ends them."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from harness.system.stopping import heeding_signals
from harness.worker.pool import Workers


class Closing:
    """What the pool needs of a worker to close it; it sends a signal meanwhile."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        signal.raise_signal(signal.SIGTERM)
        self.closed = True


def test_an_interruption_ends_all_workers_first(tmp_path: Path) -> None:
    workers, closing = Workers(tmp_path), [Closing(), Closing(), Closing()]
    alive: Any = {str(number): worker for number, worker in enumerate(closing)}
    workers._alive = alive
    with heeding_signals(), pytest.raises(KeyboardInterrupt):
        workers.close()
    assert [worker.closed for worker in closing] == [True] * 3
