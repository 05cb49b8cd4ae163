"""A complete folder of a comparison of two studies that were never made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from made_up_traces import trace, verdict

from harness.report.comparison import write_comparison_report
from harness.results.claim import claim
from harness.results.marker import Marker, complete
from harness.results.recorded import RecordedArm, RecordedRun
from harness.subjects.recorded.comparison import Compared, Comparison
from harness.subjects.recorded.facts import write_facts
from harness.subjects.recorded.outcome import in_one_line, write_records
from harness.subjects.recorded.pairing import ArmPair


def compared(variant: str, status: str) -> Comparison:
    """Two runs of one arm each, of which the second took half the time, and whose arrays are others."""
    arms = [
        RecordedArm(
            trace(f"{side}.one").model_copy(update={"import_time_s": seconds, "environment": {"version": side}}),
            weights={"k": np.array([seconds])},
        )
        for side, seconds in (("A", 2.0), ("B", 1.0))
    ]
    runs = [RecordedRun(Path("/runs", side, variant), None, {}, pd.DataFrame(), {}) for side in "ab"]
    judged = [Compared(ArmPair("one", *arms), [verdict(status).model_copy(update={"tolerance_source": "a | bound"})])]
    return Comparison(runs[0], runs[1], judged, [], "the reference", [f"a note on {variant}"], variant)


def write_comparison(folder: Path, statuses: tuple[str, ...] = ("agrees", "diverges")) -> Path:
    """Writes the comparison of a variant over some seeds, one for each status, and its page."""
    claim(folder, "compare")
    studies = [compared(f"slow/seed{number}", status) for number, status in enumerate(statuses, 1)]
    write_records(studies, folder)
    write_facts(studies, folder)
    complete(folder, Marker.of("comparison", 1, in_one_line(studies)))
    write_comparison_report(folder)
    return folder
