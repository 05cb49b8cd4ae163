"""The document of any folder that twinrun writes, made from the folder alone."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from harness.report.folder_record import FolderRecord
from harness.report.html.document import Document
from harness.report.records import record_of

# By the kind of record, the module of this package and its function that makes the document.
MAKERS = {
    "RunRecord": ("run_page", "run_document"),
    "StudyRecord": ("study_page", "study_document"),
    "PairRecord": ("pair_page", "pair_document"),
    "ComparisonRecord": ("comparison_page", "comparison_document"),
    "BenchRecord": ("bench_page", "bench_document"),
    "GateRecord": ("gate_page", "gate_document"),
    "ScalingFolder": ("scaling_page", "scaling_document"),
    "SweepRecord": ("sweep_page", "sweep_document"),
}


def document_of(folder: Path) -> Document:
    """The page of a folder."""
    return document_of_record(record_of(folder))


def document_of_record(record: FolderRecord) -> Document:
    """The same of a record that has been read. Only what its kind needs is imported."""
    module, function = MAKERS[type(record).__name__]
    make: Callable[[FolderRecord], Document] = getattr(import_module(f"harness.report.html.{module}"), function)
    return make(record)
