"""Ends copies of a worker: code of the user may fork, and the copy returns from it as the original does."""

from __future__ import annotations

import os


def end_copy(owner: int) -> None:
    """Ends this process at once if its id is not `owner`: a forked copy would answer a second time."""
    if os.getpid() != owner:
        os._exit(0)
