"""`twinrun show` of a pair, a comparison and a scaling: what each found, and its damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up_benches import write_bench
from made_up_traces import trace, verdict

from harness.cli import main
from harness.records.exit_codes import AGREES, UNVERIFIED
from harness.records.trace import Trace
from harness.report.html.pages import document_of
from harness.report.pages import page_of
from harness.results.claim import claim
from harness.results.marker import Marker, complete
from harness.results.recorded import RecordedArm, RecordedRun
from harness.results.scalings import SCALING, ScalingRecord, place_of, write_scaling
from harness.results.store import Store, write_text
from harness.subjects.pair.climbing import Climb
from harness.subjects.pair.composing import compose_pair
from harness.subjects.pair.facts import write_facts as write_facts_of_pair
from harness.subjects.pair.records import PAIR, write_side
from harness.subjects.recorded.comparison import Compared, Comparison
from harness.subjects.recorded.facts import COMPARISON, write_facts
from harness.subjects.recorded.outcome import in_one_line, write_records
from harness.subjects.recorded.pairing import ArmPair

EXAMPLE = Path(__file__).parents[4] / "examples" / "pair" / "small_cnn.yaml"
DIVERGES = "DIVERGES: pair two_nets diverges first at rung model, logits[3]: off"


def write_pair(folder: Path) -> str:
    """A check of a pair of which the verdicts are left. Returns a record of it."""
    claim(folder, "check")
    composed = compose_pair([f"pair={EXAMPLE}"])
    write_text(folder / PAIR, composed.pair.model_dump_json(indent=2))
    for arm in composed.pair.arms:
        (folder / "arms" / arm.name).mkdir(parents=True)
        write_side(Store(folder), Trace(arm=arm), None)
    write_facts_of_pair(folder, composed, [], Climb(composed.pair, folder, lambda *_, **__: {}, {}, [], {}))
    Store(folder).write_verdicts([verdict("agrees"), verdict("diverges")])
    complete(folder, Marker.of("pair", 1, DIVERGES))
    return "verdicts.parquet"


def write_comparison(folder: Path) -> str:
    """A comparison of two runs of one arm each. Returns a record of it."""
    claim(folder, "compare")
    arms = [RecordedArm(trace(f"{side}.one"), weights={"k": np.array([value])}) for side, value in (("A", 1), ("B", 2))]
    runs = [RecordedRun(Path("/runs", side), None, {}, pd.DataFrame(), {}) for side in "ab"]
    judged = [Compared(ArmPair("one", *arms), [verdict("diverges")])]
    made = [Comparison(runs[0], runs[1], judged, [], "the reference", ["a note"], "")]
    write_records(made, folder)
    write_facts(made, folder)
    complete(folder, Marker.of("comparison", 1, in_one_line(made)))
    return COMPARISON


def write_whole_scaling(folder: Path) -> str:
    """A scaling over three sizes. Returns a record of it."""
    claim(folder, "bench")
    write_scaling(folder, ScalingRecord(key="batch_size", values=("50", "100", "200")))
    runs = {place_of(number): write_bench(folder / place_of(number), seed=number) for number in range(3)}
    complete(folder, Marker.of("bench", 0, "TIMED: 3 values of batch_size"), runs)
    return SCALING


WRITERS = {"pair": write_pair, "comparison": write_comparison, "scaling": write_whole_scaling}
FOUND = {
    "pair": ("small_cnn: pair shown, complete", "rung model       2 checks  diverges", DIVERGES, "not judged"),
    "comparison": ("A: /runs/a", "a note", "DIVERGES first at model, logits at [3]: off"),
    "scaling": ("Time of a training step by batch_size", "grows like batch_size", "TIMED: 3 values of batch_size"),
}


def shown(folder: Path, capsys: pytest.CaptureFixture[str], code: int) -> str:
    capsys.readouterr()
    assert main(["show", str(folder)]) == code
    return capsys.readouterr().out


@pytest.mark.parametrize("kind", WRITERS)
def test_it_shows_what_was_found(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "results/a pair/shown"
    folder.mkdir(parents=True)
    WRITERS[kind](folder)
    out = shown(folder, capsys, AGREES)
    assert [text for text in FOUND[kind] if text not in out] == [], out
    assert out.splitlines()[-1].endswith(str(folder)) or f"results: {folder}" in out


@pytest.mark.parametrize("kind", WRITERS)
def test_damage_is_shown_and_is_the_exit_code(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "shown"
    folder.mkdir()
    record = folder / WRITERS[kind](folder)
    record.write_bytes(record.read_bytes()[:20])
    out = shown(folder, capsys, UNVERIFIED)
    assert f"UNVERIFIED: {record.name}" in out
    assert "TIMED" not in out
    assert page_of(folder).splitlines()[2].startswith(f"**UNVERIFIED: {record.name}")
    assert document_of(folder).sentence.startswith(f"UNVERIFIED: {record.name}")


def test_damage_of_a_bench_is_that_of_its_scaling(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_whole_scaling(tmp_path)
    (tmp_path / "01/samples.parquet").write_bytes(b"PAR1")
    assert "UNVERIFIED: 01/samples.parquet" in shown(tmp_path, capsys, UNVERIFIED)
