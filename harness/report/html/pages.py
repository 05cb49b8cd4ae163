"""The document of any folder that twinrun writes, made from the folder alone."""

from __future__ import annotations

from pathlib import Path

from harness.report.html.document import Document


def document_of(folder: Path, kind: str) -> Document:
    """The page of a folder. `kind`: as `harness.report.pages.kind_of` says. Only what that kind needs is imported."""
    if kind == "study":
        from harness.report.html.study_page import study_document
        from harness.report.study_record import StudyRecord

        return study_document(StudyRecord.of(folder))
    if kind == "pair":
        from harness.report.html.pair_page import pair_document
        from harness.report.pair_record import PairRecord

        return pair_document(PairRecord.of(folder))
    if kind == "comparison":
        from harness.report.comparison_record import ComparisonRecord
        from harness.report.html.comparison_page import comparison_document

        return comparison_document(ComparisonRecord.of(folder))
    if kind == "bench":
        from harness.report.bench_record import BenchRecord
        from harness.report.html.bench_page import bench_document, sweep_document
        from harness.results.sweeps import is_sweep

        return sweep_document(folder) if is_sweep(folder) else bench_document(BenchRecord.of(folder))
    if kind == "gate":
        from harness.report.gate_record import GateRecord
        from harness.report.html.gate_page import gate_document

        return gate_document(GateRecord.of(folder))
    from harness.report.html.run_page import run_document
    from harness.report.run_record import RunRecord

    return run_document(RunRecord.of(folder))
