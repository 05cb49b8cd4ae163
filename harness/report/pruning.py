"""What `prune` would remove, and what it has removed."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.catalogue import show_table
from harness.report.tables import SCREEN_WIDTH, console
from harness.scenarios.catalogue.prune import Candidate
from harness.system.files import in_units

HEAD = ("run", "created", "verdict", "size")
MOST_REASONS = 8


def show_candidates(found: Sequence[Candidate], is_removing: bool) -> None:
    """Prints the folders that are to be removed, those that are kept, and the size of the former."""
    screen = console(SCREEN_WIDTH)
    removed = [candidate for candidate in found if not candidate.kept_for]
    kept = [candidate for candidate in found if candidate.kept_for]
    if removed:
        show_table(HEAD, [_cells(candidate) for candidate in removed])
    for candidate in kept[:MOST_REASONS]:
        screen.print(f"kept: {candidate.place}: {candidate.kept_for}", soft_wrap=True)
    if len(kept) > MOST_REASONS:
        screen.print(f"kept: {len(kept) - MOST_REASONS} more", soft_wrap=True)
    size = in_units(sum(candidate.size_bytes for candidate in removed))
    count = f"{len(removed):,} run{'s' * (len(removed) != 1)}, {size}"
    if not removed:
        screen.print("nothing to remove", soft_wrap=True)
    elif not is_removing:
        screen.print(f"would remove {count}; nothing has been removed: --yes removes them", soft_wrap=True)


def show_removed(removed: Sequence[Candidate]) -> None:
    """Says what was removed."""
    size = in_units(sum(candidate.size_bytes for candidate in removed))
    console(SCREEN_WIDTH).print(f"removed {len(removed):,} run{'s' * (len(removed) != 1)}, {size}", soft_wrap=True)


def _cells(candidate: Candidate) -> list[str]:
    row = candidate.row
    created = f"{row['created']:%Y-%m-%d %H:%M}" if row["created"] else ""
    word = row["verdict"] if row["status"] == "complete" else row["status"]
    return [candidate.place, created, word, in_units(candidate.size_bytes)]
