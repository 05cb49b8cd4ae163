"""A command line with `-m`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Request:
    """What is asked for. `typed`: the overrides, those of Hydra among them."""

    verb: str
    typed: tuple[str, ...]
    config_dirs: tuple[Path, ...]
    config_name: str
    trust: bool = False
    fail_fast: bool = False
