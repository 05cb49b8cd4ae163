"""The outcome of a run as one JSON object, for scripts. `docs/json.md` describes its fields.

`harness.report.folder_objects` has the objects of benches, scalings, comparisons and gates.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.records.outcome import first_divergence
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.report.rows import by_rung
from harness.report.rung_lines import RungLine
from harness.report.where_to_read import HTML, MARKDOWN
from harness.system.plain import finite

Outcome = dict[str, Any]
SCHEMA = 1  # raised when a field changes its meaning or goes; a new field leaves it


def head(exit_code: int, sentence: str, folder: Path, coverage: str = "") -> Outcome:
    """The fields that the object of any folder begins with."""
    return {
        "schema": SCHEMA,
        "exit_code": exit_code,
        "sentence": sentence,
        "coverage": coverage,
        "folder": str(folder),
        "report": str(folder / MARKDOWN),
        "page": str(folder / HTML) if (folder / HTML).is_file() else None,
    }


def rungs(verdicts: Sequence[Verdict]) -> Outcome:
    """A row for each rung, and the first divergence or null."""
    divergence = first_divergence(verdicts)
    return {
        "rungs": [RungLine.of(name, of_rung).fields() for name, of_rung in by_rung(verdicts).items()],
        "first_divergence": None if divergence is None else divergence.model_dump(mode="json"),
    }


def document(
    exit_code: int,
    sentence: str,
    folder: Path,
    verdicts: Sequence[Verdict],
    traces: Sequence[Trace] = (),
    coverage: str = "",
) -> Outcome:
    """The outcome: exit code, sentence, folder, a row for each rung and each arm, the first divergence or null."""
    arms = [trace.summary() for trace in traces]
    return {**head(exit_code, sentence, folder, coverage), **rungs(verdicts), "arms": arms}


def as_text(outcome: Outcome) -> str:
    """The object on one line, in ASCII; a number that is not finite is null."""
    return json.dumps(finite(outcome), ensure_ascii=True, allow_nan=False)
