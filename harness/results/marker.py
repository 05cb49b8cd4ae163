"""The marker of a complete run: written last, with a digest of every record, so that what is cut off or changed shows.

Records are what a run measured and judged. Pages (`report.md`, pictures and the numbers behind them) and logs are made
of them or beside them, and stand outside.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal, get_args

from harness import __version__
from harness.results.claim import CLAIM
from harness.system.many_files import for_each
from harness.system.writing import whole

MARKER = "complete.json"
SCHEMA_VERSION = 1
OWN = "digest"  # of the marker itself: SHA-256 of its other fields as JSON
# What is a record, by its place in the folder.
RECORDS = tuple(
    f"{folder}*{suffix}"
    for folder in ("", "jobs/", "arms/*/", "arms/*/answers/")
    for suffix in (".json", ".parquet", ".npz")
)
PAGES = (MARKER, "trajectory.parquet", "benchmark.json")
# Beyond these sizes a file is no record of ours, and would only keep the reader waiting.
MOST_BYTES = {".json": 16 << 20, ".parquet": 4 << 30, ".npz": 16 << 30}
Kind = Literal["run", "study", "pair", "comparison", "bench", "gate", "sweep"]
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


_FIELDS = {"kind": str, "status": str, "exit_code": int, "sentence": str, "judged": str, "records": dict, "runs": dict}


def complete(folder: Path, marker: Marker, runs: Mapping[str, Path] | None = None) -> None:
    """Writes the marker, over whatever records the folder has by now. `runs` are those of a study, by their place."""
    head = {"schema_version": SCHEMA_VERSION, "twinrun": __version__}
    digests = {
        "records": _digests({place: folder / place for place in records_in(folder)}),
        "runs": _digests({place: run / MARKER for place, run in (runs or {}).items()}),
    }
    ended = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    content = {**head, "ended": ended, **asdict(marker), **digests}
    content[OWN] = _own_digest(content)
    with whole(folder / MARKER) as path:
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    from harness.results.catalogue.adding import add  # it reads markers

    add(folder)


def _digests(files: Mapping[str, Path]) -> dict[str, str]:
    return dict(zip(files, for_each(list(files.values()), digest_of), strict=True))


def _own_digest(content: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in content.items() if key != OWN}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


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
    if os.path.lexists(folder / MARKER):
        return "complete"
    return "unfinished" if os.path.lexists(folder / CLAIM) else "unmarked"


def read_marker(folder: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """What the marker of a folder holds, None where it cannot be read, and what is wrong with the marker itself."""
    if problem := unfit(folder / MARKER):
        return None, [problem]
    try:
        content = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        version = content["schema_version"]
        {**content["records"], **content["runs"]}, content["kind"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return None, [f"cannot be read ({type(error).__name__}): it is cut off or damaged"]
    if version != SCHEMA_VERSION:
        return None, [f"has schema_version {version}, and this version of twinrun reads {SCHEMA_VERSION}"]
    if wrong := _odd_fields(content):
        return content, [f"is not as twinrun writes it ({wrong}): it is damaged"]
    if OWN in content and content[OWN] != _own_digest(content):  # markers of before had none
        return content, ["is not as it was written: its own digest is another"]
    return content, []


def damages(folder: Path) -> Iterator[tuple[str, str]]:
    """What differs from the marker, as (place, what is wrong); nothing where a complete folder is as it was left.

    Nothing can be said of a folder without a marker: see `state_of`.
    """
    content, problems = read_marker(folder)
    for problem in problems:
        yield MARKER, problem
    if content is None:
        return
    kind, expected = content["kind"], dict(content["records"])
    expected |= {f"{place}/{MARKER}": digest for place, digest in content["runs"].items()}
    for place, digest in expected.items():
        if problem := unfit(folder / place):
            yield place, f"{problem}, and was there when the {kind} was complete"
        elif digest_of(folder / place) != digest:
            yield place, f"is not what it was when the {kind} was complete: its digest is another"
    for place in records_in(folder) + (_runs_in(folder) if kind == "study" else []):
        if place not in expected:
            yield place, f"was not there when the {kind} was complete"


def unfit(path: Path) -> str:
    """Why a file is not opened as a record; empty where it may be. Neither waits nor reads."""
    most = MOST_BYTES.get(path.suffix, MOST_BYTES[".json"])
    try:
        status = path.stat()
    except FileNotFoundError:
        return "is missing"
    except (OSError, ValueError) as error:
        return f"cannot be opened ({getattr(error, 'strerror', None) or error})"
    if not stat.S_ISREG(status.st_mode):
        return "is no regular file"
    if status.st_size > most:
        return f"has {status.st_size:,} bytes; a record of its kind has at most {most:,}"
    return "" if os.access(path, os.R_OK) else "cannot be opened (Permission denied)"


def _odd_fields(content: dict[str, Any]) -> str:
    """Which fields are of another kind than `complete` writes; empty where none is."""
    kinds = {"schema_version": int, "twinrun": str, "ended": str, **_FIELDS}
    odd = [key for key, kind in kinds.items() if type(content.get(key)) is not kind]
    odd += [key for key in content if key not in (*kinds, OWN)]
    if not odd and content["kind"] not in get_args(Kind):
        odd = ["kind"]
    return ", ".join(odd)


def _runs_in(folder: Path) -> list[str]:
    """The places of the markers below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob(f"*/**/{MARKER}"))
