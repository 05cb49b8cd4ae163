"""What the pages of all kinds of folders are made of alike: its state, what is damaged, and what it came to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar, get_args

from typing_extensions import Self

from harness.records.outcome import Unfinished, UnfinishedKind
from harness.records.verdict import Verdict
from harness.results.files import DAMAGE, UnreadableError, read_object, read_verdicts
from harness.results.marker import MARKER, State, state_of
from harness.results.recorded import VERDICTS, ReadingFailure
from harness.system.text import markdown

NOT_READ: tuple[type[Exception], ...] = (UnreadableError, *DAMAGE)
UNKNOWN = "it did not come to its end, and left no word of why"
Read = TypeVar("Read")


class FolderRecord(ABC):
    """A folder as it was left. What is missing or damaged is left out, and named in `problems`."""

    @property
    @abstractmethod
    def folder(self) -> Path: ...

    @property
    @abstractmethod
    def state(self) -> State: ...

    @property
    @abstractmethod
    def failures(self) -> Sequence[ReadingFailure]:
        """Of all files below the folder."""

    @abstractmethod
    def outcome_in_words(self) -> str:
        """The outcome in one line, by the verdicts: for a folder whose marker does not say it."""

    @property
    def is_complete(self) -> bool:
        return self.state == "complete"

    @cached_property
    def verdicts(self) -> list[Verdict]:
        return self._read(VERDICTS, read_verdicts) or []

    @property
    def problems(self) -> list[str]:
        """What of a complete folder is not as it was left."""
        return [str(failure) for failure in self.failures] if self.is_complete else []

    @property
    def damage_lines(self) -> list[str]:
        """The problems as lines of a page."""
        return [f"- damaged: {markdown(problem)}" for problem in self.problems]

    @cached_property
    def unfinished(self) -> Unfinished | None:
        """Why it did not come to its end; None where it did."""
        if self.state != "unfinished":
            return None
        said = next((v for v in self.verdicts if v.rung == "run" and v.subject in get_args(UnfinishedKind)), None)
        if said is None:
            return Unfinished("internal", UNKNOWN)
        kind: UnfinishedKind = said.subject  # type: ignore[assignment]
        return Unfinished(kind, said.cause)

    @cached_property
    def sentence(self) -> str:
        """The outcome in one line; what has changed since the folder was complete agrees on nothing."""
        if self.problems:
            more = f"; and {len(self.problems) - 1} more" if len(self.problems) > 1 else ""
            return f"UNVERIFIED: {self.problems[0]}{more}"
        said = self._read(MARKER, read_object) if self.is_complete else None
        return str(said["sentence"]) if said else self.outcome_in_words()

    def _read(self, name: str, parse: Callable[[Path], Read]) -> Read | None:
        """None where there is no such file, or where it cannot be read, which is among the problems then."""
        path = self.folder / name
        try:
            return parse(path) if path.is_file() else None
        except NOT_READ:
            return None


@dataclass(frozen=True)
class PlacedRecord(FolderRecord):
    """The record of a folder whose files are read one by one, as its page asks for them."""

    place: Path

    @classmethod
    def of(cls, folder: Path) -> Self:
        return cls(folder)

    @property
    def folder(self) -> Path:
        return self.place

    @cached_property
    def state(self) -> State:
        return state_of(self.place)


def sources_section(verdicts: Sequence[Verdict]) -> list[str]:
    """The last section of a page: where the tolerances come from."""
    sources = dict.fromkeys(verdict.tolerance_source for verdict in verdicts if verdict.tolerance_source)
    return ["## Where the tolerances come from", "", *(f"- {markdown(source)}" for source in sources), ""]
