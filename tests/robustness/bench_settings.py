"""What the process of the trials is set to: quick, its writing watched, its memory limited."""

from __future__ import annotations

import gc
import os
import resource
import tempfile
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import psutil

import adapters
import harness.data.embedded
from harness.composition import pipeline


def memoise() -> None:
    """Half of a trial's time goes into what is the same for all (the digits of a package, the list of what is
    installed) and into composing one command line again, as a study of one and as an experiment.
    """
    gc.set_threshold(100_000)  # a config is made of many small objects
    harness.data.embedded.read_digits = cache(harness.data.embedded.read_digits)
    adapters.entry_points = cache(adapters.entry_points)  # type: ignore[attr-defined]
    composed = pipeline._composed

    once = lru_cache(maxsize=4)(composed)

    def remembered(*arguments: Any) -> Any:
        return once(*(tuple(each) if isinstance(each, list) else each for each in arguments))

    pipeline._composed = remembered


def set_environment(rest: Path) -> None:
    os.environ.update(HOME=str(rest / "home"), XDG_CACHE_HOME=str(rest / "cache"), TMPDIR=str(rest / "tmp"))
    os.environ.update(HTTP_PROXY="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9", NO_PROXY="")
    tempfile.tempdir = str(rest / "tmp")


def limit_memory(more: int = 4 << 30) -> None:
    """A trial that asks for all memory there is gets a MemoryError, and the machine goes on."""
    limit = psutil.Process().memory_info().vms + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
