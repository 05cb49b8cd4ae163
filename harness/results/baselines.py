"""The baselines of a store: copies of complete folders, each beside a `baseline.json` that says what it is.

    STORE/<experiment>/<time>-<digest>/baseline.json   what it is of, its times by process, digests
    STORE/<experiment>/<time>-<digest>/run/            every record of the folder, and its marker

A baseline is never changed and never removed by twinrun: moving it adds another one, so that the oldest stays to
measure a drift against. A baseline appears by one rename, whole.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from harness.records.machine import Machine
from harness.results.files import NOT_READ, read_spec
from harness.results.marker import MARKER, digest_of, records_in
from harness.spec.base import Spec
from harness.system.writing import as_disk_failure

BASELINE, RUN = "baseline.json", "run"
DEFAULT = Path("results") / "baselines"


class BaselineError(Exception):
    """A baseline that cannot be read; the message is one clause that names the file."""


class Baseline(Spec):
    """`ended`: when what it holds was recorded, `saved`: when it was saved, both in UTC. `step_s`: by row and round the
    median seconds of a step of each process, for a reader; what is compared comes from the raw samples in `run/`.

    `moved_from`: the name of the baseline before it; empty for the first. `confirmed_by`: the folder and the digest of
    the marker of the other invocation that moved it. `marker`: the SHA-256 of `run/complete.json`, which has those of
    all records.
    """

    schema_version: Literal[1] = 1
    name: str
    experiment: str
    source: str
    ended: str
    saved: str
    protocol: int | None
    machine: Machine | None
    step_s: dict[str, dict[str, float]]
    accuracies: dict[str, dict[str, float]]
    moved_from: str = ""
    confirmed_by: tuple[str, str] | None = None
    marker: str


class Baselines:
    """The store in a folder, which need not exist."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folders(self) -> dict[str, Path]:
        """The folder of each baseline, by name, the oldest first."""
        found = sorted(self.root.glob(f"*/*/{BASELINE}"), key=lambda path: path.parent.name)
        return {path.parent.name: path.parent for path in found if not path.parent.name.startswith(".")}

    def read(self, name: str) -> Baseline:
        """The record of a baseline. Raises BaselineError where it is damaged."""
        folder = self.folders()[name]
        try:
            record = read_spec(folder / BASELINE, Baseline, "baseline")
        except NOT_READ as error:
            raise BaselineError(f"{folder / BASELINE} {' '.join(str(error).split())[:200]}") from None
        marker = folder / RUN / MARKER
        if not marker.is_file() or digest_of(marker) != record.marker:
            raise BaselineError(f"{marker} is not what it was when the baseline was saved")
        return record

    def all(self) -> dict[str, Baseline | BaselineError]:
        """Every baseline by name, the oldest first; in place of a damaged one the reason."""
        found: dict[str, Baseline | BaselineError] = {}
        for name in self.folders():
            try:
                found[name] = self.read(name)
            except BaselineError as error:
                found[name] = error
        return found

    def run_of(self, name: str) -> Path:
        """The folder with the records of a baseline."""
        return self.folders()[name] / RUN

    def add(self, source: Path, experiment: str, fields: Mapping[str, object]) -> Baseline:
        """Copies the records of a complete folder. `fields`: those of `Baseline` that the caller knows.

        Raises CannotWriteError where the store cannot be written to.
        """
        now = datetime.now(timezone.utc)
        digest = digest_of(source / MARKER)
        # The order of names is that of time, also of two baselines that are saved within a second.
        latest = max((name.partition("-")[0] for name in self.folders()), default="")
        while (stamp := now.strftime("%Y%m%dT%H%M%SZ")) <= latest:
            now += timedelta(seconds=1)
        name = f"{stamp}-{digest[:8]}"
        place = self.root / experiment / name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(prefix=".", dir=place.parent))
            try:
                record = _filled(made, source, name, experiment, now, digest, fields)
                made.chmod(0o755)
                made.rename(place)
            except BaseException:
                shutil.rmtree(made, ignore_errors=True)
                raise
        except OSError as error:
            raise (as_disk_failure(error, place) or error) from error
        return record


def _filled(
    folder: Path, source: Path, name: str, experiment: str, now: datetime, digest: str, fields: Mapping[str, object]
) -> Baseline:
    """Copies the records into a folder, and writes what they are."""
    for below in ("", *_runs_below(source)):
        for place in (*records_in(source / below), MARKER):
            target = folder / RUN / below / place
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / below / place, target)
    about = {
        "name": name,
        "experiment": experiment,
        "source": str(source.absolute()),
        "saved": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "marker": digest,
    }
    try:
        record = Baseline.model_validate({**about, **fields})
    except ValidationError as error:  # a fault of the caller
        raise ValueError(str(error)) from error
    (folder / BASELINE).write_text(json.dumps(record.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")
    return record


def _runs_below(source: Path) -> list[str]:
    """The places of the runs of a study."""
    return sorted(path.parent.relative_to(source).as_posix() for path in source.glob(f"*/**/{MARKER}"))


def ended_at(folder: Path) -> str:
    """When a complete folder was completed, in UTC; empty where its marker cannot be read."""
    return _text_in(folder / MARKER, "ended")


def started_at(folder: Path) -> str:
    """When the folder was claimed, in UTC; empty where its claim cannot be read."""
    return _text_in(folder / "claim.json", "started")


def _text_in(file: Path, key: str) -> str:
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))[key])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
