"""What `pack` and `unpack` say."""

from __future__ import annotations

from harness.records.exit_codes import AGREES, UNVERIFIED
from harness.report.tables import SCREEN_WIDTH, console
from harness.scenarios.catalogue.sending import Packed, Unpacked
from harness.system.files import in_units


def show_packed(packed: Packed) -> int:
    """Says what was written. Returns the exit code."""
    text = f"packed {packed.files} files: {packed.path} ({in_units(packed.size_bytes)})"
    console(SCREEN_WIDTH).print(text, soft_wrap=True)
    return AGREES


def show_unpacked(unpacked: Unpacked) -> int:
    """Says what arrived. Returns 4 where it was damaged or unfinished before it was packed."""
    screen = console(SCREEN_WIDTH)
    screen.print(f"unpacked {unpacked.files} files, each with its digest: {unpacked.folder}", soft_wrap=True)
    for problem in unpacked.problems:
        screen.print(f"as it was packed: {problem}", soft_wrap=True)
    return UNVERIFIED if unpacked.problems else AGREES
