"""Data sets as NumPy arrays, the same bytes for every framework.

`load(spec)` reads one; what it returns is validated, read-only, and told apart from any other by its `digest`.
A data set is one spec class, one loader, and one line in `loading.py` that ties the two.
"""

from harness.data.dataset import DataError, Dataset
from harness.data.loading import load

__all__ = ["DataError", "Dataset", "load"]
