"""The table of a page on where its tolerances come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.records.verdict import Verdict
from harness.report.html.blocks import TableBlock
from harness.report.html.document import Section, section


def tolerance_sources(verdicts: Sequence[Verdict]) -> Section:
    """A row for each source of a tolerance, with the number of checks and the rungs that use it."""
    checks = Counter(verdict.tolerance_source for verdict in verdicts if verdict.tolerance_source)
    rungs: dict[str, dict[str, None]] = {}
    for verdict in verdicts:
        rungs.setdefault(verdict.tolerance_source, {})[verdict.rung] = None
    rows = [[source, str(count), ", ".join(rungs[source])] for source, count in checks.items()]
    head = ["source", "checks", "rungs"]
    table = TableBlock.of("Sources of the tolerances", (head, rows), kinds={"source": "sentence"})
    return section("Where the tolerances come from", table)
