"""The state of a pair's check, and its listener."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import Protocol

from harness.judging.silence import NO_CHECK, silent_rung
from harness.records import outcome
from harness.records.failure import Failure
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.scenarios.ladder import failure_verdict
from harness.scenarios.pair.outcome import coverage, in_one_sentence
from harness.subjects.pair.climbing import Climb
from harness.subjects.pair.composing import ComposedPair
from harness.subjects.pair.mapping import Match
from harness.system.progress import Work


class PairListener(Protocol):
    """Receives the progress of a check; `harness.report.pair` prints it."""

    def begin(self, composed: ComposedPair) -> None: ...

    def matched(self, matches: Sequence[Match], names: tuple[str, str]) -> None: ...

    def remark(self, text: str) -> None:
        """What a user must know of the two models before they are compared."""

    def rung(self, name: str, verdicts: Sequence[Verdict]) -> None: ...

    def arm_failed(self, arm: str, failure: Failure, log: Path) -> None: ...

    def end(self, run: PairRun) -> None: ...

    def stage(self, name: str) -> None:
        """The check turns to a part that may take long, such as a rung."""

    def work(self, work: Work) -> None:
        """How far a piece of work is. It may come from any thread."""

    def close(self) -> None:
        """Nothing more is reported."""


@dataclass
class PairRun:
    """The state and the results of a pair's check."""

    composed: ComposedPair
    folder: Path
    listener: PairListener
    traces: dict[str, Trace] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    climb: Climb | None = None
    matches: Sequence[Match] = ()
    unfinished: outcome.Unfinished | None = None
    code: str = ""  # the digest of the files that the pair names, as they were when it began
    began_s: float = field(default_factory=monotonic)

    @cached_property
    def scratch(self) -> Path:
        """The folder of the files that are shared with the workers; it is removed at the end."""
        return self.folder / ".scratch"

    @property
    def exit_code(self) -> int:
        """The exit code of the check, from its verdicts, its traces and whether it was finished."""
        return outcome.exit_code(self.verdicts, list(self.traces.values()), self.unfinished)

    @property
    def sentence(self) -> str:
        """The outcome in one sentence, with the first divergence where there is one."""
        name = self.composed.pair.name
        return in_one_sentence(name, self.traces, self.verdicts, self.exit_code, self.unfinished)

    @property
    def coverage(self) -> str:
        """What of the pair was judged and what was not, in words."""
        return coverage(self.composed.pair, self.verdicts)

    def update(self, arm: str, **fields: object) -> None:
        """Replaces fields of an arm's trace."""
        self.traces[arm] = self.traces[arm].model_copy(update=fields)

    def record_failure(self, rung: str, arm: str, failure: Failure) -> None:
        """Records and reports that an arm failed at a rung."""
        self.update(arm, failure=failure)
        self.verdicts.append(failure_verdict(rung, arm, failure))
        self.listener.arm_failed(arm, failure, self.folder / "arms" / arm / "worker.log")

    def record_rung(self, rung: str, verdicts: Sequence[Verdict]) -> None:
        """Records and reports the verdicts of a rung; a rung without any is unverified."""
        verdicts = verdicts or [silent_rung(rung, NO_CHECK)]
        self.verdicts += verdicts
        self.listener.rung(rung, verdicts)
