"""The marker of a complete run: written last, with a digest of every record, so that what is cut off or changed shows.

Records are what a run measured and judged. Pages (`report.md`, pictures and the numbers behind them) and logs are made
of them or beside them, and stand outside.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from harness import __version__
from harness.results.claim import CLAIM
from harness.writing import whole

MARKER = "complete.json"
SCHEMA_VERSION = 1
# What is a record, by its place in the folder.
RECORDS = ("*.json", "*.parquet", "*.npz", "arms/*/*.json", "arms/*/*.parquet", "arms/*/*.npz")
PAGES = (MARKER, "trajectory.parquet")
Kind = Literal["run", "study", "pair", "comparison"]
State = Literal["complete", "unfinished", "unmarked"]


@dataclass(frozen=True)
class Marker:
    """`records`: the SHA-256 of every record, by its place. `runs`: of a study, that of each of its runs' markers."""

    kind: Kind
    status: str
    exit_code: int
    sentence: str
    judged: str = ""
    records: Mapping[str, str] = field(default_factory=dict)
    runs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: Kind, exit_code: int, sentence: str, judged: str = "") -> Marker:
        """`sentence` begins with the word that is the status."""
        return cls(kind, sentence.partition(":")[0], exit_code, sentence, judged)


def complete(folder: Path, marker: Marker, runs: Mapping[str, Path] | None = None) -> None:
    """Writes the marker, over whatever records the folder has by now. `runs` are those of a study, by their place."""
    head = {"schema_version": SCHEMA_VERSION, "twinrun": __version__}
    digests = {
        "records": {place: digest_of(folder / place) for place in records_in(folder)},
        "runs": {place: digest_of(run / MARKER) for place, run in (runs or {}).items()},
    }
    ended = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    content = {**head, "ended": ended, **asdict(marker), **digests}
    with whole(folder / MARKER) as path:
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def records_in(folder: Path) -> list[str]:
    """The places of the records that a folder has, in order."""
    places = {path.relative_to(folder).as_posix() for pattern in RECORDS for path in folder.glob(pattern)}
    return sorted(places - set(PAGES))


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            sha.update(part)
    return sha.hexdigest()


def state_of(folder: Path) -> State:
    """`complete`: there is a marker. `unfinished`: it was claimed, and has none. `unmarked`: made before markers."""
    if (folder / MARKER).is_file():
        return "complete"
    return "unfinished" if (folder / CLAIM).is_file() else "unmarked"


def damages(folder: Path) -> Iterator[tuple[str, str]]:
    """What differs from the marker, as (place, what is wrong); nothing where a complete folder is as it was left.

    Nothing can be said of a folder without a marker: see `state_of`.
    """
    try:
        content: dict[str, Any] = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        version, records, runs = content["schema_version"], dict(content["records"]), dict(content["runs"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield MARKER, f"cannot be read ({type(error).__name__}): it is cut off or damaged"
        return
    if version != SCHEMA_VERSION:
        yield MARKER, f"has schema_version {version}, and this version of twinrun reads {SCHEMA_VERSION}"
        return
    expected = {**records, **{f"{place}/{MARKER}": digest for place, digest in runs.items()}}
    for place, digest in expected.items():
        path = folder / place
        if not path.is_file():
            yield place, "is missing, and was there when the run was complete"
        elif digest_of(path) != digest:
            yield place, "is not what it was when the run was complete: its digest is another"
    for place in records_in(folder):
        if place not in records:
            yield place, "was not there when the run was complete"
