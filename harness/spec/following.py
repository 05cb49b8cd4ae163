"""What the words share that follow the optimizer in an update."""

from __future__ import annotations

from harness.spec.base import Word


class Following(Word):
    """Base of look-aheads and averagings."""

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The arrays kept for each parameter between updates. They start at the initial weights."""
        return ()

    @property
    def period(self) -> int:
        """The number of updates after which it has done all that it does."""
        return 1
