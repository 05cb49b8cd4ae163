"""A results folder: on this machine, or at an address such as `s3://bucket/results` that fsspec can read.

The index of a remote folder is read and never written.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path, PurePosixPath

from harness.results.claim import CLAIM
from harness.results.kinds import BENCH, EXPERIMENT, GATE, PLAN, VERDICTS
from harness.results.marker import MARKER

CATALOGUE = ".catalogue"
UNMARKED = "none"  # the beginning of the stamp of a folder without a marker
SIGNS = (MARKER, CLAIM, EXPERIMENT, PLAN)  # a folder with one of these is of twinrun
# The records whose times and sizes are looked at in every listing: those in a folder itself that its rows are made of.
STAMPED = (CLAIM, EXPERIMENT, PLAN, VERDICTS, BENCH, GATE)
AT_ONCE = 16  # requests to a file system, which may be a slow network's
# What the rows of a folder are made of.
SMALL = (*(f"{name}.json" for name in ("complete", "claim", "experiment", "plan", "pair", "comparison", "gate")),)
SMALL += (
    "bench.json",
    "scaling.json",
    "sweep.json",
    "processes.json",
    "samples.parquet",
    "verdicts.parquet",
    "trace.json",
)


class Root(ABC):
    """A results folder. `shown`: its name for messages. `local`: its path on this machine, None of a remote one."""

    shown: str
    local: Path | None = None

    @abstractmethod
    def index_files(self) -> list[str]:
        """The names of the index's files."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """A file of the index. Raises FileNotFoundError where it has gone since it was listed."""

    @abstractmethod
    def stamps(self) -> dict[str, str]:
        """The stamp of every folder of twinrun, by its place: that of its marker, or of a folder without one."""

    @abstractmethod
    def folder(self, place: str, also: Sequence[str] = ()) -> AbstractContextManager[Path]:
        """Context with the path on this machine of what the rows of a folder are made of, and files named `also`."""

    def is_current(self, stored: str, stamp: str) -> bool:
        """Whether a row with the stamp `stored` is of the folder as it is now."""
        return stored == stamp


class LocalRoot(Root):
    """A folder on this machine, or on a file system that is mounted here."""

    def __init__(self, path: Path) -> None:
        self.local = self.path = path
        self.shown = str(path)

    @property
    def index(self) -> Path:
        """The folder of the index."""
        return self.path / CATALOGUE

    def index_files(self) -> list[str]:
        try:
            return sorted(entry.name for entry in os.scandir(self.index) if entry.name.endswith((".json", ".parquet")))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def read(self, name: str) -> bytes:
        with open(f"{self.path}/{CATALOGUE}/{name}", "rb") as file:  # noqa: PTH123  (three times as fast for small files)
            return file.read()

    def stamps(self) -> dict[str, str]:
        above = _folders_in(self.path)
        below = [f"{name}/{inner}" for name in above for inner in _folders_in(self.path / name)]
        direct = _stamped(self.path, above)
        # Folders within that of a run are its own.
        nested = [place for place in below if place.partition("/")[0] not in direct]
        return direct | _stamped(self.path, nested)

    @contextmanager
    def folder(self, place: str, also: Sequence[str] = ()) -> Iterator[Path]:
        yield self.path / place


class RemoteRoot(Root):
    """A folder that fsspec reads. What the rows are made of is copied to a temporary folder, a run at a time."""

    def __init__(self, address: str) -> None:
        import fsspec

        self.shown = address
        self.system, path = fsspec.core.url_to_fs(address)
        self.path = str(path).rstrip("/")

    def index_files(self) -> list[str]:
        folder = f"{self.path}/{CATALOGUE}"
        if not self.system.isdir(folder):
            return []
        names = [PurePosixPath(str(name)).name for name in self.system.ls(folder, detail=False)]
        return sorted(name for name in names if name.endswith((".json", ".parquet")))

    def read(self, name: str) -> bytes:
        return bytes(self.system.cat_file(f"{self.path}/{CATALOGUE}/{name}"))

    def stamps(self) -> dict[str, str]:
        found: dict[str, str] = {}
        files = self.system.find(self.path, maxdepth=3, detail=True)
        for path, facts in files.items():
            place, _, name = str(path)[len(self.path) :].strip("/").rpartition("/")
            if name in SIGNS and place and not any(part.startswith(".") for part in place.split("/")):
                if name == MARKER:
                    found[place] = f"remote-{facts['size']}"
                else:
                    found.setdefault(place, UNMARKED)
        return {
            place: stamp for place, stamp in found.items() if place.partition("/")[0] not in found or "/" not in place
        }

    @contextmanager
    def folder(self, place: str, also: Sequence[str] = ()) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="twinrun-") as temporary:
            made = Path(temporary) / PurePosixPath(place).name
            made.mkdir()
            for path in self.system.find(f"{self.path}/{place}"):
                below = PurePosixPath(str(path)[len(f"{self.path}/{place}") :].lstrip("/"))
                if below.name in (*SMALL, *also) and ".." not in below.parts:
                    target = made / below
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(self.system.cat_file(path))
            yield made

    def is_current(self, stored: str, stamp: str) -> bool:
        """By the size of the marker alone: a copy has another time."""
        return stored.partition("-")[0] == stamp if stamp == UNMARKED else _size(stored) == _size(stamp)


def root_of(text: str) -> Root:
    """The results folder that a path or an address names. Raises ValueError or ImportError of fsspec."""
    if "://" in text and not text.startswith("file://"):
        return RemoteRoot(text)
    return LocalRoot(Path(text.removeprefix("file://")).expanduser())


def stamp_of(folder: Path) -> str | None:
    """A digest of the times and sizes of the `STAMPED` records, and time (to a millisecond) and size of the marker.

    Of a folder without a marker, the folder's own time. None where nothing says that the folder is of twinrun.
    """
    if marker := _time_and_size(folder, MARKER):
        records = ",".join(_time_and_size(folder, name) for name in STAMPED)
        return f"{zlib.crc32(records.encode()):08x}.{marker}"
    for sign in (*SIGNS[1:], "arms"):
        with suppress(OSError):
            os.lstat(folder / sign)
            return f"{UNMARKED}-{folder.stat().st_mtime_ns // 1_000_000}"
    return None


def _time_and_size(folder: Path, name: str) -> str:
    """Of a file; empty where it is missing."""
    try:
        status = os.lstat(f"{folder}/{name}")  # (joining paths takes longer than asking)
    except OSError:
        return ""
    return f"{status.st_mtime_ns // 1_000_000}-{status.st_size}"


def _size(stamp: str) -> str:
    return "" if stamp.startswith(UNMARKED) else stamp.rpartition("-")[2]


def _folders_in(folder: Path) -> list[str]:
    """The names of the folders in a folder, without hidden ones; none where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
    except OSError:
        return []


def _stamped(root: Path, places: Sequence[str]) -> dict[str, str]:
    """The stamps of those of the places that are folders of twinrun. Asks for many at once."""

    def stamps(part: Sequence[str]) -> list[tuple[str, str | None]]:
        return [(place, stamp_of(root / place)) for place in part]

    size = -(-len(places) // AT_ONCE) or 1
    parts = [places[start : start + size] for start in range(0, len(places), size)]
    if len(parts) < 2:
        found = [pair for part in parts for pair in stamps(part)]
    else:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = [pair for pairs in pool.map(stamps, parts) for pair in pairs]
    return {place: stamp for place, stamp in found if stamp is not None}
