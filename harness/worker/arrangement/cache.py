"""The figures of arrangements measured on this machine: a file for each setting in the user's cache folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_dir

from harness.spec.arm import Arm
from harness.spec.base import Spec
from harness.system.processor import CPUINFO, processor
from harness.system.writing import whole
from harness.worker.arrangement.figures import Figures


class Host(Spec):
    """The processor, its flags, and how many cores this process may use."""

    processor: str
    flags: tuple[str, ...]
    cores: int


class Key(Spec):
    """What the figures depend on: the host, the versions of the framework's packages, the arm's settings."""

    host: Host
    versions: dict[str, str]
    adapter: str
    mode: str
    device: str
    precision: str
    realisation: str
    layout: str
    threads: int | None
    environment: dict[str, str]
    python: str | None

    @classmethod
    def of(cls, arm: Arm, host: Host, versions: Mapping[str, str]) -> Key:
        """The key of an arm on a host."""
        settings = {name: getattr(arm, name) for name in cls.model_fields if name not in ("host", "versions")}
        return cls(host=host, versions=dict(versions), **settings)


class _Record(Spec):
    schema_version: Literal[1] = 1
    key: Key
    figures: dict[str, Figures]


def host() -> Host:
    """This machine, by the first processor of /proc/cpuinfo; without flags on a system that has no such file."""
    here = processor(CPUINFO)
    return Host(processor=here.model, flags=here.flags, cores=here.cores)


def folder() -> Path:
    """The folder of the figures; on Linux below $XDG_CACHE_HOME or ~/.cache."""
    return Path(user_cache_dir("twinrun")) / "arrangements"


def place(key: Key) -> Path:
    """The file of a key."""
    return folder() / f"{key.adapter}-{hashlib.sha256(key.model_dump_json().encode()).hexdigest()[:16]}.json"


def has_any(adapter: str) -> bool:
    """Whether figures of this adapter are kept, for any host and setting."""
    return any(folder().glob(f"{adapter}-*.json"))


def read(key: Key) -> dict[str, Figures]:
    """The figures of a key by arrangement; empty where none are kept, or the file is damaged or of another key."""
    try:
        record = _Record.model_validate_json(place(key).read_bytes())
    except (OSError, ValueError, RecursionError, MemoryError):
        return {}
    return record.figures if record.key == key else {}


def write(key: Key, figures: Mapping[str, Figures]) -> None:
    """Keeps the figures of a key. Raises OSError where the cache cannot be written to."""
    folder().mkdir(parents=True, exist_ok=True)
    with whole(place(key)) as partial:
        partial.write_text(_Record(key=key, figures=dict(figures)).model_dump_json(indent=2) + "\n", encoding="utf-8")
