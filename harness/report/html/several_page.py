"""One page of several folders: a table of all of them, and a section for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.html.blocks import Block, Items, Ladder, Prose, TableBlock
from harness.report.html.document import Document, KeyNumber, Section, section

ACCURACY, RATIO = "test accuracy", "time of a step, ratio"
HEAD = ["number", "of", "value", "note"]


@dataclass(frozen=True)
class Place:
    """A folder as the user named it, and its page."""

    name: str
    document: Document


def several_document(places: Sequence[Place]) -> Document:
    """The page of several folders, in the order in which they were named."""
    by_status: dict[str, int] = {}
    for place in places:
        word = place.document.sentence.partition(":")[0]
        by_status[word] = by_status.get(word, 0) + 1
    found = ", ".join(f"{count:,} {word}" for word, count in by_status.items())
    return Document(
        kind="several runs",
        title="Several runs",
        sentence=f"{found}",
        key_numbers=(KeyNumber("runs", f"{len(places):,}"),),
        sections=(
            section("All runs", TableBlock.of("Runs", run_table(places), kinds={"outcome": "sentence"})),
            *(_section_of(place) for place in places),
        ),
        has_fixed_title=True,
    )


def run_table(places: Sequence[Place]) -> tuple[list[str], list[list[str]]]:
    """A row for each folder: what it is, how it ended, accuracy and speed."""
    head = ["experiment", "kind", "verdict", ACCURACY, RATIO, "folder", "outcome"]
    rows = []
    for place in places:
        page = place.document
        status, _, rest = page.sentence.partition(":")
        cells = [_joined(page.key_numbers, ACCURACY), _joined(page.key_numbers, RATIO)]
        rows.append([page.title, page.kind, status.lower(), *cells, place.name, rest.strip()])
    return head, rows


def _joined(numbers: Sequence[KeyNumber], label: str) -> str:
    return ", ".join(f"{number.subject} {number.value}" for number in numbers if number.label == label)


def _section_of(place: Place) -> Section:
    """The outcome of one folder, its numbers and its ladder. Its own page has the rest."""
    page = place.document
    numbers = [[number.label, number.subject, number.value, number.note] for number in page.key_numbers]
    blocks: list[Block] = [Prose((page.sentence,))]
    if page.conditions:
        blocks.append(Items(page.conditions))
    blocks.append(TableBlock.of("Numbers that matter", (HEAD, numbers), kinds={"number": "phrase", "note": "sentence"}))
    blocks += [block for block in page.blocks() if isinstance(block, Ladder)][:1]
    return section(f"{page.title}: {place.name}", *blocks)
