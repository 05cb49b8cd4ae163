"""What becomes of copies of a process that a user's code forks and that return from that code as the original does."""

from __future__ import annotations

import os


def end_copy(owner: int) -> None:
    """Ends this process at once where it is not `owner`: two would give the same answer."""
    if os.getpid() != owner:
        os._exit(0)
