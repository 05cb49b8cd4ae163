"""`twinrun ledger`: the table, one entry with its evidence, or all the evidence run again."""

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
    """KeyError where there is no such entry."""
    return {entry.id: entry for entry in ledger()}[name]


def table(markdown: bool) -> int:
    rows = [
        [e.id, e.framework, f"{e.family} {e.word}", e.precision, e.kind, e.bound_in_words, e.what, e.instead]
        for e in ledger()
    ]
    if markdown:
        print(as_markdown(HEAD, rows, trusted=True))
        return exit_codes.AGREES
    on = console()
    draw(on, "Where a framework departs from its formula", HEAD, rows, prose=("id", "what", "instead", "bound", "word"))
    different = sum(entry.kind == "different" for entry in ledger())
    on.print()
    on.print(
        f"{len(rows)} entries: {different} different, which are never used, and {len(rows) - different} inaccurate, "
        "which are used with their bound. `twinrun ledger ID` runs the evidence of one, --verify of all.",
        soft_wrap=True,
    )
    return exit_codes.AGREES


def one(name: str) -> int:
    """The whole entry, then what its evidence shows here."""
    entry, on = find(name), console()
    fields = entry.model_dump(exclude={"id", "evidence"}, exclude_none=True)
    for field, value in fields.items():
        text = ", ".join(value) if isinstance(value, tuple) else str(value)
        if text:
            on.print(line((f"{field:10}", "bold"), f" {text}"), soft_wrap=True)
    on.print(line(("evidence", "bold")))
    print("".join(f"    {code}\n" for code in entry.evidence.splitlines()))
    (shown,) = verify([entry])
    print(printable(shown.output.rstrip(), lines=True))
    on.print(line((_meaning(shown.status), "bold")))
    return CODES[shown.status]


def verified(markdown: bool) -> int:
    """Every entry's evidence. 1 where a divergence is gone, so that the ledger is put right."""
    shown = verify(ledger())
    head = ["id", "verdict", "what it showed"]
    rows = [[each.entry.id, each.status, _last_lines(each)] for each in shown]
    if markdown:
        print(as_markdown(head, [[*row, showed.replace("\n", "; ")] for *row, showed in rows]))
    else:
        colours = {**COLOURS, "diverges": "green"}  # what an entry's evidence should show
        showed = ("what it showed",)
        draw(console(), "The ledger's evidence, run again", head, rows, showed, colours, paragraphs=showed)
        print(_in_one_line(shown))
    return exit_code(shown)


def exit_code(shown: Sequence[Shown]) -> int:
    """The gravest: crashed, gone, unverified, all as recorded."""
    found = {each.status for each in shown}
    return next((code for status, code in CODES.items() if status in found), exit_codes.AGREES)


def _in_one_line(shown: Sequence[Shown]) -> str:
    def of(status: Status) -> list[str]:
        return [each.entry.id for each in shown if each.status == status]

    found = [f"{len(of('diverges'))} of {len(shown)} entries diverge as recorded"]
    for status, what in (("gone", "stale"), ("crashed", "crashed"), ("unverified", "not verified")):
        if of(status):  # type: ignore[arg-type]
            found.append(f"{what}: {', '.join(of(status))}")  # type: ignore[arg-type]
    return "; ".join(found)


def _meaning(status: Status) -> str:
    return {
        "diverges": "diverges, as recorded",
        "gone": "stale: the divergence is gone",
        "crashed": "the evidence crashed",
        "unverified": "not verified",
    }[status]


def _last_lines(shown: Shown) -> str:
    return "\n".join(shown.output.strip().splitlines()[-3:])
