"""In a module of its own, which a spawned process can import (there is more than one `conftest`)."""

import os

from harness.worker.process import QUIET


def hush() -> None:
    """Keeps the frameworks' notices off the terminal; must come before their import."""
    os.environ.update({key: os.environ.get(key, value) for key, value in QUIET.items()})
