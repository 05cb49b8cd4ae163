"""What all kinds of folders share: the marker, and the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from harness import __version__
from harness.results.files import read_object
from harness.results.marker import MARKER, state_of
from harness.results.reading import state_problems
from harness.results.recorded import ReadingFailure
from harness.results.recorded_folder import without_pages
from harness.scenarios.verify.check import Check, damaged, field_differences, held, text_differences


class Page(Protocol):
    """A page that is not compared line by line. It is checked only where its folder has it."""

    def differences(self, folder: Path) -> Iterable[str]:
        """A clause on each of the first differences between the page in a folder and what follows from the records."""


Pages = Callable[[Path], Mapping[str, "str | Page"]]
PAGE = "report.md"


def state_checks(folder: Path, kind: str) -> list[Check]:
    """A check for each record that is missing or has changed; empty for a complete folder that is as it was left."""
    return list(damaged(ReadingFailure(*problem) for problem in state_problems(folder, state_of(folder), kind)))


def marker_check(folder: Path, exit_code: int, sentence: str, judged: str | None = None) -> Iterator[Check]:
    """The outcome that the marker states, against that of the records."""
    if state_of(folder) != "complete":
        return
    expected = {"exit_code": exit_code, "sentence": sentence, "status": sentence.partition(":")[0]}
    if judged is not None:
        expected["judged"] = judged
    yield from held(MARKER, "the verdicts", lambda: field_differences(read_object(folder / MARKER), expected))


def page_checks(folder: Path, pages: Pages, checks: Sequence[Check]) -> Iterator[Check]:
    """The text pages, made again from the records. Of records that have changed no page is made."""
    if any(check.answer == "damaged" for check in checks):
        yield Check(PAGE, "the records", "unverified", "is not made again, because records are missing or have changed")
        return
    with without_pages(folder) as bare:
        for name, page in pages(bare).items():
            if isinstance(page, str):
                yield from held(name, "the records", partial(_page_differences, folder, name, page))
            elif (folder / name).exists():
                yield from held(name, "the records", partial(_other_differences, folder, page))


def _page_differences(folder: Path, name: str, text: str) -> Iterator[str]:
    recorded = (folder / name).read_text(encoding="utf-8")
    for difference in text_differences(recorded, text):
        yield difference + _of_another_version(folder)


def _other_differences(folder: Path, page: Page) -> Iterator[str]:
    for difference in page.differences(folder):
        yield difference + _of_another_version(folder)


def _of_another_version(folder: Path) -> str:
    """A clause on the twinrun that wrote the folder, where it is another than this one."""
    written_by = read_object(folder / MARKER).get("twinrun")
    return f"; twinrun {written_by} wrote it, and this is {__version__}" if written_by != __version__ else ""
