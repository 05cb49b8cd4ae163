"""The page of a checked pair is made of its folder alone."""

from __future__ import annotations

import shutil
from html import unescape
from pathlib import Path

import pytest
from made_up_traces import verdict

from adapters.user_model import OwnParameter
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.report.pages import page_of
from harness.results.claim import claim
from harness.results.marker import MARKER, Marker, complete
from harness.results.store import Store, write_text
from harness.subjects.pair.climbing import Climb
from harness.subjects.pair.composing import compose_pair
from harness.subjects.pair.facts import FACTS, PARAMETERS, write_facts
from harness.subjects.pair.mapping import Match
from harness.subjects.pair.records import PAIR, write_side

EXAMPLE = Path(__file__).parents[3] / "examples" / "pair" / "small_cnn.yaml"
SENTENCE = "DIVERGES: pair small_cnn diverges first at rung model, logits[3]: off"


def parameter(name: str) -> OwnParameter:
    return OwnParameter(name=name, layer="fc1", role="kernel", shape=(3, 2), trainable=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a check of which nothing ran."""
    folder = tmp_path / "run"
    claim(folder, "check")
    composed = compose_pair([f"pair={EXAMPLE}"])
    pair = composed.pair
    write_text(folder / PAIR, pair.model_dump_json(indent=2) + "\n")
    matches = [Match("fc1/kernel", parameter("fc1.weight"), parameter("dense/kernel"))]
    built = {"mindspore": {"refused": "no kernel", "composed": []}, "tensorflow": {"refused": "", "composed": ["norm"]}}
    climb = Climb(pair, folder, lambda *_, **__: {}, built, matches, rows={"fc1/kernel": [1, 0]}, apart=3e-16)
    climb.remarks.append("rows | turned")
    for arm in pair.arms:
        (folder / "arms" / arm.name).mkdir(parents=True)
        write_side(Store(folder), Trace(arm=arm), None)
    write_facts(folder, composed, matches, climb)
    Store(folder).write_verdicts([verdict("diverges").model_copy(update={"tolerance_source": "its own float64"})])
    complete(folder, Marker.of("pair", 1, SENTENCE))
    return folder


def test_the_page_says_what_ran_and_what_was_found(folder: Path) -> None:
    page = unescape(page_of(folder))
    assert page.startswith("# Pair small_cnn\n")
    assert f"**{SENTENCE}**" in page
    assert "models_mindspore.py:small_cnn, in mindspore's process" in page
    assert "mindspore does not run in float64: no kernel" in page
    assert "tensorflow in float64 with layers composed for it: norm" in page
    assert "the gradients are at most 3e-16 apart" in page
    (row,) = [line for line in page.splitlines() if "fc1.weight" in line]
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        *("fc1.weight", "dense/kernel", "(3, 2)", "as it is, rows turned")
    ]
    assert page.endswith("## Where the tolerances come from\n\n- its own float64\n")


def test_the_page_comes_out_the_same_wherever_it_is_made(folder: Path, tmp_path: Path) -> None:
    write_text(folder / "report.md", page_of(folder))
    left = (folder / "report.md").read_bytes()
    copied = shutil.copytree(folder, tmp_path / "elsewhere" / "copied")
    (copied / "report.md").unlink()
    write_text(copied / "report.md", page_of(copied))
    assert (copied / "report.md").read_bytes() == left


@pytest.mark.parametrize("name", [PAIR, FACTS, PARAMETERS, "verdicts.parquet"])
def test_what_was_damaged_since_stands_in_the_page(folder: Path, name: str) -> None:
    (folder / name).write_text("{")
    page = unescape(page_of(folder))
    assert f"**UNVERIFIED: {name}: " in page
    assert f"- damaged: {name}: " in page
    assert "DIVERGES" not in page


@pytest.mark.parametrize(
    ("kind", "word"), [("interrupted", "INTERRUPTED"), ("disk", "UNFINISHED"), ("internal", "UNFINISHED")]
)
def test_an_unfinished_check_says_why(folder: Path, kind: str, word: str) -> None:
    (folder / MARKER).unlink()
    assert "**UNFINISHED: pair small" in page_of(folder)  # it was killed
    last = Verdict(rung="run", subject=kind, arm_a="", status="interrupted", cause="as it happened")
    Store(folder).write_verdicts([verdict("agrees"), last])
    page = page_of(folder)
    assert f"**{word}: pair small" in page
    assert "as it happened" in page
    assert "AGREES" not in page


def test_checks_of_before_these_records_have_a_page(folder: Path) -> None:
    for name in (FACTS, PARAMETERS):
        (folder / name).unlink()
    complete(folder, Marker.of("pair", 1, SENTENCE))
    page = page_of(folder)
    assert "damaged" not in page
    assert "## Parameters" not in page
    assert "## Parity" in page
