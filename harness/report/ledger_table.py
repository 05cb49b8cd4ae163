"""Prints what `twinrun ledger` shows: the table, one entry with its evidence, or the evidence of all run again."""

from __future__ import annotations

from collections.abc import Sequence

from harness.ledger.entry import Entry
from harness.ledger.evidence import Shown, Status, verify
from harness.ledger.loading import ledger
from harness.records import exit_codes
from harness.report.tables import COLOURS, as_markdown, console, draw, line
from harness.system.text import printable

HEAD = ["id", "framework", "word", "precision", "kind", "bound", "what", "instead"]
CODES: dict[Status, int] = {
    "crashed": exit_codes.CRASHED,
    "gone": exit_codes.DIVERGES,
    "unverified": exit_codes.UNVERIFIED,
    "diverges": exit_codes.AGREES,
}


def find(name: str) -> Entry:
    """The ledger entry with this id; KeyError where there is none."""
    return {entry.id: entry for entry in ledger()}[name]


def print_table(markdown: bool) -> int:
    """Prints a row for every entry. Returns the exit code, which is always 0."""
    rows = [
        [
            entry.id,
            entry.framework,
            f"{entry.family} {entry.word}",
            entry.precision,
            entry.kind,
            entry.bound_in_words,
            entry.what,
            entry.instead,
        ]
        for entry in ledger()
    ]
    if markdown:
        print(as_markdown(HEAD, rows, trusted=True))
        return exit_codes.AGREES
    screen = console()
    draw(
        screen,
        "Where a framework departs from its formula",
        HEAD,
        rows,
        prose=("id", "what", "instead", "bound", "word"),
    )
    different = sum(entry.kind == "different" for entry in ledger())
    screen.print()
    screen.print(
        f"{len(rows)} entries: {different} different, which are never used, and {len(rows) - different} inaccurate, "
        "which are used with their bound. `twinrun ledger ID` runs the evidence of one, --verify of all.",
        soft_wrap=True,
    )
    return exit_codes.AGREES


def print_entry(name: str) -> int:
    """Prints the whole entry and the output of its evidence. Returns the exit code of the evidence's status."""
    entry, screen = find(name), console()
    fields = entry.model_dump(exclude={"id", "evidence"}, exclude_none=True)
    for field, value in fields.items():
        text = ", ".join(value) if isinstance(value, tuple) else str(value)
        if text:
            screen.print(line((f"{field:10}", "bold"), f" {text}"), soft_wrap=True)
    screen.print(line(("evidence", "bold")))
    print("".join(f"    {code}\n" for code in entry.evidence.splitlines()))
    (shown,) = verify([entry])
    print(printable(shown.output.rstrip(), lines=True))
    screen.print(line((_meaning(shown.status), "bold")))
    return CODES[shown.status]


def print_verification(markdown: bool) -> int:
    """Runs the evidence of all entries and prints the results. Returns the exit code of the gravest of them."""
    results = verify(ledger())
    head = ["id", "verdict", "what it showed"]
    rows = [[result.entry.id, result.status, _last_lines(result)] for result in results]
    if markdown:
        print(as_markdown(head, [[*row, output.replace("\n", "; ")] for *row, output in rows]))
    else:
        colours = {**COLOURS, "diverges": "green"}  # here a divergence is what the evidence should show
        multiline = ("what it showed",)
        draw(console(), "The ledger's evidence, run again", head, rows, multiline, colours, paragraphs=multiline)
        print(_in_one_line(results))
    return exit_code(results)


def exit_code(results: Sequence[Shown]) -> int:
    """The exit code of the gravest status: crashed, then gone, then unverified, then all as recorded."""
    statuses = {result.status for result in results}
    return next((code for status, code in CODES.items() if status in statuses), exit_codes.AGREES)


def _in_one_line(results: Sequence[Shown]) -> str:
    """How many entries diverge as recorded, and the ids of those that do not."""

    def ids(status: Status) -> list[str]:
        return [result.entry.id for result in results if result.status == status]

    parts = [f"{len(ids('diverges'))} of {len(results)} entries diverge as recorded"]
    for status, label in (("gone", "stale"), ("crashed", "crashed"), ("unverified", "not verified")):
        if ids(status):  # type: ignore[arg-type]
            parts.append(f"{label}: {', '.join(ids(status))}")  # type: ignore[arg-type]
    return "; ".join(parts)


def _meaning(status: Status) -> str:
    return {
        "diverges": "diverges, as recorded",
        "gone": "stale: the divergence is gone",
        "crashed": "the evidence crashed",
        "unverified": "not verified",
    }[status]


def _last_lines(shown: Shown) -> str:
    return "\n".join(shown.output.strip().splitlines()[-3:])
