"""Keras imports some packages if they are installed; no training uses them, and they take 40 % of its import time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# For keras.wrappers and keras.visualization alone. Not pandas: Keras trains on its frames.
UNUSED = ("sklearn", "matplotlib")


@contextmanager
def uninstalled(packages: tuple[str, ...] = UNUSED) -> Iterator[None]:
    """Within, these packages cannot be imported, as if they were not installed. Those imported before are left."""
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: the import raises ModuleNotFoundError
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
