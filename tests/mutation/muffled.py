"""In a module of its own, which a spawned process can import before any framework."""

import os
import tempfile

from harness.worker.process import QUIET


def hush() -> None:
    """Keeps the frameworks' notices off the terminal and what they dump out of the checkout."""
    os.chdir(tempfile.mkdtemp())
    os.environ.update({key: os.environ.get(key, value) for key, value in QUIET.items()})
