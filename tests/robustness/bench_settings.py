"""What the process of the trials is set to: quick, its writing watched, its memory limited."""

from __future__ import annotations

import gc
import os
import resource
import tempfile
from functools import cache
from pathlib import Path

import psutil

import harness.data.embedded


def memoise() -> None:
    """What is the same for all trials is read once: the digits of a package."""
    gc.set_threshold(100_000)  # a config is made of many small objects
    harness.data.embedded.read_digits = cache(harness.data.embedded.read_digits)


def set_environment(rest: Path) -> None:
    os.environ.update(HOME=str(rest / "home"), XDG_CACHE_HOME=str(rest / "cache"), TMPDIR=str(rest / "tmp"))
    os.environ.update(HTTP_PROXY="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9", NO_PROXY="")
    tempfile.tempdir = str(rest / "tmp")


def limit_memory(more: int = 4 << 30) -> None:
    """A trial that asks for all memory there is gets a MemoryError, and the machine goes on."""
    limit = psutil.Process().memory_info().vms + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
