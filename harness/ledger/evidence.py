"""Runs the evidence of entries again, in one process for each framework and one namespace for each script."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import adapters
from harness.ledger.child import lay_out
from harness.ledger.entry import Entry, frameworks
from harness.ledger.loading import installed

Status = Literal["diverges", "gone", "crashed", "unverified"]
TIMEOUT_S = 600.0
QUIET = {"GLOG_v": "3", "TF_CPP_MIN_LOG_LEVEL": "2"}


@dataclass(frozen=True)
class Shown:
    """The result of an entry's evidence. `gone`: the framework now follows the formula, so that the entry is stale."""

    entry: Entry
    status: Status
    output: str


def verify(entries: Sequence[Entry]) -> list[Shown]:
    """Runs the evidence of every entry again; the results are in the entries' order."""
    shown_by_id: dict[str, Shown] = {}
    for framework in frameworks(entries):
        of_framework = [entry for entry in entries if entry.framework == framework]
        shown_by_id |= {shown.entry.id: shown for shown in _verify_in_one_process(framework, of_framework)}
    return [shown_by_id[entry.id] for entry in entries]


def _verify_in_one_process(framework: str, entries: Sequence[Entry]) -> list[Shown]:
    if not (versions := installed(framework)):
        return [Shown(entry, "unverified", f"{framework} is not installed") for entry in entries]
    present = ", ".join(f"{package} {number}" for package, number in versions.items())
    pending = [entry for entry in entries if entry.concerns(versions)]
    shown = [Shown(e, "unverified", f"speaks of {e.versions}; here is {present}") for e in entries if e not in pending]
    while pending:
        with tempfile.TemporaryDirectory() as scratch:
            done, log = _run(pending, Path(scratch), adapters.info(framework).evidence_environment)
        shown += [_shown(entry, done[entry.id]) for entry in pending if entry.id in done]
        # If the process died, the entry that was running has crashed; those after it run in a new process.
        unfinished = [entry for entry in pending if entry.id not in done]
        shown += [Shown(entry, "crashed", log) for entry in unfinished[:1]]
        pending = unfinished[1:]
    return shown


def _run(
    entries: Sequence[Entry], scratch: Path, environment: Mapping[str, str]
) -> tuple[dict[str, dict[str, str]], str]:
    """The child process's result for each entry that it finished, by id, and its exit code and errors as text."""
    lay_out(scratch, {entry.id: entry.evidence for entry in entries})
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "harness.ledger.child", str(scratch)],
            env={**environment, **QUIET, **os.environ, "PYTHONPATH": os.pathsep.join(filter(None, map(str, sys.path)))},
            cwd=scratch,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
        log = f"the process ended with {ended.returncode}\n{ended.stderr[-2000:]}"
    except subprocess.TimeoutExpired:
        log = f"the process was stopped after {TIMEOUT_S:g} s"
    results = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in scratch.glob("*.result")}
    return results, log


def _shown(entry: Entry, result: dict[str, str]) -> Shown:
    status: Status = (
        "diverges" if result["status"] == "diverges" else "gone" if result["status"] == "gone" else "crashed"
    )
    return Shown(entry, status, result["output"])
