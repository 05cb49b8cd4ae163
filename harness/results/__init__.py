"""The folder of a run: every file is written whole or not at all, and pandas can read it.

`load`, `runs` and `frame` are the stable way to recorded runs (docs/results.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.results.catalogue.api import LoadedRun, frame, load, runs
    from harness.results.catalogue.sql import QueryError

__all__ = ["LoadedRun", "QueryError", "frame", "load", "runs"]


def __getattr__(name: str) -> Any:
    """Loads what is exported when it is first used: pandas takes longer to load than most commands take."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from harness.results.catalogue import api, sql

    return sql.QueryError if name == "QueryError" else getattr(api, name)
