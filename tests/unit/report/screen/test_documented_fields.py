"""`docs/json.md` lists exactly the fields that the objects have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from made_up_benches import write_bench
from made_up_comparisons import write_comparison
from made_up_traces import trace, verdict

from harness.records.gate import Gate, GateRow
from harness.report.as_json import document
from harness.report.bench_record import BenchRecord
from harness.report.comparison_record import ComparisonRecord
from harness.report.folder_objects import of_bench, of_comparison, of_gate, of_scaling
from harness.report.gate_record import GateRecord
from harness.report.scaling_folder import ScalingFolder
from harness.results.kinds import GATE
from harness.results.scalings import ScalingRecord, place_of, write_scaling

PAGE = (Path(__file__).parents[4] / "docs" / "json.md").read_text()
EVERY = "Every object"


def documented(title: str) -> set[str]:
    """The fields in the first column of the table below a heading."""
    (section,) = re.findall(rf"^#+ {title}\n\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_a_run() -> None:
    outcome = document(0, "", Path("/runs/1"), [verdict()], [trace()])
    assert outcome.keys() == documented(EVERY) | documented("A run, a pair, a study") - {"runs"}
    assert outcome["rungs"][0].keys() == documented("A rung")


def test_a_comparison(tmp_path: Path) -> None:
    outcome = of_comparison(ComparisonRecord.of(write_comparison(tmp_path / "compared")))
    assert outcome.keys() == documented(EVERY) | documented("A comparison")
    assert outcome["arms"][0].keys() == documented("Two arms")


@pytest.fixture
def bench(tmp_path: Path) -> BenchRecord:
    return BenchRecord.of(write_bench(tmp_path / "bench", rounds=2))


def test_a_bench(bench: BenchRecord) -> None:
    outcome = of_bench(bench, 0, "")
    assert outcome.keys() == documented(EVERY) | documented("A bench")
    for row in outcome["rows"]:
        assert row.keys() == documented("A row of a bench")
    assert outcome["rows"][1]["ratio"].keys() == outcome["rows"][0]["step_s"].keys() == {"estimate", "low", "high"}


def test_a_scaling(tmp_path: Path) -> None:
    write_bench(tmp_path / place_of(0), rounds=2)
    write_scaling(tmp_path, ScalingRecord(key="threads", values=("1",)))
    outcome = of_scaling(ScalingFolder.of(tmp_path), 0, "")
    assert outcome.keys() == documented(EVERY) | documented("A scaling")
    assert outcome["benches"][0].keys() == {"value", "folder"} | documented("A bench")


@pytest.mark.parametrize("rows", [(), (GateRow(check="parity", subject="one", status="agrees"),)])
def test_a_gate(rows: tuple[Any, ...], tmp_path: Path) -> None:
    (tmp_path / GATE).write_text(Gate(head="a", base="b", rows=rows).model_dump_json())
    outcome = of_gate(GateRecord.of(tmp_path))
    assert outcome.keys() == documented(EVERY) | documented("A gate")
    assert all(row.keys() == documented("A row of a gate") for row in outcome["rows"])
    (tmp_path / GATE).unlink()
    assert of_gate(GateRecord.of(tmp_path)).keys() == outcome.keys()
