"""A sweep: the same verb for every job of a grid, or of a search, and how each attempt at a job ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from harness.records.exit_codes import (
    AGREES,
    CRASHED,
    DIVERGES,
    INTERNAL,
    INTERRUPTED,
    MISTAKE,
    UNFINISHED,
    UNVERIFIED,
)
from harness.spec.base import Spec

SweptVerb = Literal["match", "check", "bench"]
# `running` is true as long as its process shows that it lives. Only `done` has a complete folder.
AttemptStatus = Literal["running", "done", "crashed", "lost", "interrupted", "refused"]
JobStatus = Literal["waiting", "running", "done", "crashed", "lost", "interrupted", "refused"]
FAILED: tuple[JobStatus, ...] = ("crashed", "lost")
MOST_FAILURES = 2  # a job that crashed or was lost is run again once
# From the gravest on; of `AGREES` there is nothing to tell.
GRAVITY = (INTERRUPTED, INTERNAL, UNFINISHED, MISTAKE, CRASHED, DIVERGES, UNVERIFIED, AGREES)
WORDS = {
    INTERRUPTED: "interrupted",
    INTERNAL: "crashed",
    UNFINISHED: "unfinished",
    MISTAKE: "refused",
    CRASHED: "crashed",
    DIVERGES: "diverges",
    UNVERIFIED: "unverified",
    AGREES: "agrees",
}


class Job(Spec):
    """One job. `overrides`: of the whole experiment, as typed. `values`: of the swept keys alone.

    `digest`: of what is run: the specs with their seeds and data, the verb's settings, the environment that the job is
    given, and the versions of the packages; `spec`: without the versions. `place`: of its run, below the sweep's
    folder. `memory_bytes` and `cores`: what it needs at least; `accelerators`: the kinds of devices that its arms may
    use where a host has them; `limit_s`: the longest that it can take by its arms' time-outs.
    """

    number: int
    overrides: tuple[str, ...]
    values: dict[str, str]
    digest: str
    spec: str
    place: str
    memory_bytes: int = 0
    cores: int = 1
    accelerators: tuple[str, ...] = ()
    limit_s: float = 0.0


class Sweep(Spec):
    """What a sweep is asked to do. `typed`: the overrides as they were typed; `keys`: those that are swept.

    `launcher` and `sweeper`: Hydra's nodes, with their `_target_`. `environment`: variables that every job is given.
    `job_logging`: the configuration of Python's logging in a job; empty for none. `cwd`: the folder that relative paths
    in the overrides are of.
    """

    schema_version: Literal[1] = 1
    verb: SweptVerb
    typed: tuple[str, ...]
    keys: tuple[str, ...]
    config_dirs: tuple[str, ...] = ()
    config_name: str = ""
    trust: bool = False
    fail_fast: bool = False
    launcher: dict[str, Any]
    sweeper: dict[str, Any]
    callbacks: dict[str, Any] = Field(default_factory=dict)
    environment: dict[str, str] = Field(default_factory=dict)
    job_logging: dict[str, Any] = Field(default_factory=dict)
    cwd: str = ""
    jobs: tuple[Job, ...] = ()

    @property
    def is_timed(self) -> bool:
        """Whether a job measures times, so that nothing may run beside it."""
        return self.verb != "check"


class ArmNumbers(Spec):
    """What a job's run measured of one arm; of several seeds or variants the means."""

    test_accuracy: float | None = None
    test_loss: float | None = None
    step_time_s: float | None = None


class Attempt(Spec):
    """One attempt at a job: the row of a sweep. `folder`: of the run, below that of the sweep.

    `exit_code` and `sentence`: of the run; `message`: why there is no complete run. `share`: the largest error of a
    check as a share of its tolerance. Times are UTC of the host that wrote them, and are compared with no other host's.
    `placement`: the variables that state its rank, and its devices on its host; `device_flag`: why the memory of its
    device was not free again when it began.
    `place_in_process`: 1 for the first job of its process, whose imports the later ones share.
    """

    job: int
    number: int
    status: AttemptStatus
    folder: str
    digest: str = ""
    host: str = ""
    process: int = 0
    launched_as: str = ""
    started: str = ""
    ended: str = ""
    wall_s: float | None = None
    placement: dict[str, str] = Field(default_factory=dict)
    device_flag: str = ""
    place_in_process: int = 1
    exit_code: int | None = None
    sentence: str = ""
    message: str = ""
    share: float | None = None
    arms: dict[str, ArmNumbers] = Field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """The word of a table: how the run ended, or what became of it."""
        if self.status == "done":
            return self.sentence.partition(":")[0].lower()
        return self.status


def gravest(codes: Sequence[int]) -> int:
    """The gravest of the exit codes; that of agreement where there is none."""
    known = [code if code in GRAVITY else INTERNAL for code in codes]
    return min(known, key=GRAVITY.index, default=AGREES)


def code_of(attempt: Attempt | None) -> int:
    """The exit code of a job by its last attempt; of one that has not begun, that of what is unfinished."""
    if attempt is None or attempt.status == "running":
        return UNFINISHED
    if attempt.status == "done" and attempt.exit_code is not None:
        return attempt.exit_code
    return {"interrupted": INTERRUPTED, "refused": MISTAKE}.get(attempt.status, CRASHED)


def sentence_of(sweep: Sweep, rows: Sequence[Attempt | None]) -> str:
    """The outcome of a sweep in one line, which begins with the word of its gravest job."""
    code = gravest([code_of(row) for row in rows]) if rows else UNFINISHED
    counts: dict[str, int] = {}
    for row in rows:
        word = "waiting" if row is None else row.outcome
        counts[word] = counts.get(word, 0) + 1
    word = "TIMED" if set(counts) == {"timed"} else WORDS[code].upper()
    told = "; ".join(f"{count:,} {name}" for name, count in counts.items())
    return f"{word}: jobs of {sweep.verb}: {told or 'none'}"
