"""Data sets as NumPy arrays, the same bytes for every framework.

`load(spec)` reads one. The result is validated, read-only, and identified by its `digest`.
A data set needs a spec class, a loader, and a line in `loading.py` that connects them.
"""

from harness.data.dataset import DataError, Dataset
from harness.data.loading import load

__all__ = ["DataError", "Dataset", "load"]
