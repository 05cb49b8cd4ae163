"""The record of any folder that twinrun writes, from which both of its pages are made.

Only the modules of its kind are imported, since each kind has a large part of twinrun behind it.
"""

from __future__ import annotations

from pathlib import Path

from harness.report.folder_record import FolderRecord
from harness.results.kinds import kind_of
from harness.results.scalings import is_scaling


def record_of(folder: Path) -> FolderRecord:
    """What can be read of a folder."""
    kind = kind_of(folder)
    if kind == "study":
        from harness.report.study_record import StudyRecord

        return StudyRecord.of(folder)
    if kind == "pair":
        from harness.report.pair_record import PairRecord

        return PairRecord.of(folder)
    if kind == "comparison":
        from harness.report.comparison_record import ComparisonRecord

        return ComparisonRecord.of(folder)
    if kind == "gate":
        from harness.report.gate_record import GateRecord

        return GateRecord.of(folder)
    if kind == "sweep":
        from harness.report.sweep_record import SweepRecord

        return SweepRecord.of(folder)
    if kind == "bench":
        if is_scaling(folder):
            from harness.report.scaling_folder import ScalingFolder

            return ScalingFolder.of(folder)
        from harness.report.bench_record import BenchRecord

        return BenchRecord.of(folder)
    from harness.report.run_record import RunRecord

    return RunRecord.of(folder)
