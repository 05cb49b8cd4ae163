"""What the records of all kinds of folders share: the state of the folder, its damage and its outcome."""

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
from harness.results.files import NOT_READ, read_object, read_verdicts
from harness.results.marker import MARKER, State, state_of
from harness.results.recorded import VERDICTS, ReadingFailure
from harness.system.text import markdown

UNKNOWN = "it did not come to its end, and left no word of why"
Read = TypeVar("Read")


class FolderRecord(ABC):
    """What can be read in a folder. A file that is missing or damaged is left out; `problems` names it."""

    @property
    @abstractmethod
    def folder(self) -> Path: ...

    @property
    @abstractmethod
    def state(self) -> State: ...

    @property
    @abstractmethod
    def failures(self) -> Sequence[ReadingFailure]:
        """The files below the folder that cannot be read or have changed."""

    @abstractmethod
    def outcome_in_words(self) -> str:
        """The outcome in one line, derived from the verdicts, for a folder without a marker that states it."""

    @property
    def is_complete(self) -> bool:
        """Whether the folder has its marker."""
        return self.state == "complete"

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """The recorded verdicts, in order; empty where they cannot be read."""
        return self._read(VERDICTS, read_verdicts) or []

    @property
    def problems(self) -> list[str]:
        """The files of a complete folder that are damaged or were changed since; empty for an unfinished folder."""
        return [str(failure) for failure in self.failures] if self.is_complete else []

    @property
    def damage_sentences(self) -> list[str]:
        """The problems as sentences."""
        return [f"damaged: {problem}" for problem in self.problems]

    @property
    def damage_lines(self) -> list[str]:
        """The problems as lines of a page."""
        return [f"- damaged: {markdown(problem)}" for problem in self.problems]

    @cached_property
    def unfinished(self) -> Unfinished | None:
        """Why the work was not finished; None where the folder is not `unfinished`."""
        if self.state != "unfinished":
            return None
        stated = next((v for v in self.verdicts if v.rung == "run" and v.subject in get_args(UnfinishedKind)), None)
        if stated is None:
            return Unfinished("internal", UNKNOWN)
        kind: UnfinishedKind = stated.subject  # type: ignore[assignment]
        return Unfinished(kind, stated.cause)

    @cached_property
    def sentence(self) -> str:
        """The outcome in one line. It is `UNVERIFIED` where files have changed since the folder was complete."""
        if self.problems:
            more = f"; and {len(self.problems) - 1} more" if len(self.problems) > 1 else ""
            return f"UNVERIFIED: {self.problems[0]}{more}"
        marker = self._read(MARKER, read_object) if self.is_complete else None
        return str(marker["sentence"]) if marker else self.outcome_in_words()

    def _read(self, name: str, parse: Callable[[Path], Read]) -> Read | None:
        """The parsed file; None where it is missing, or cannot be read, which `problems` then names."""
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
        """The record of a folder; nothing is read yet."""
        return cls(folder)

    @property
    def folder(self) -> Path:
        return self.place

    @cached_property
    def state(self) -> State:
        return state_of(self.place)


def sources_section(verdicts: Sequence[Verdict]) -> list[str]:
    """The lines of a page's last section, which names the source of each tolerance."""
    sources = dict.fromkeys(verdict.tolerance_source for verdict in verdicts if verdict.tolerance_source)
    return ["## Where the tolerances come from", "", *(f"- {markdown(source)}" for source in sources), ""]
