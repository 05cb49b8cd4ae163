"""Plots as SVG: the same bytes each time, no style that a page forbids, the colours of the page, text as text."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as Xml

import numpy as np
import pandas as pd
import pytest

from harness.report.html.blocks import FigureBlock
from harness.report.html.figures.series import thinned
from harness.report.html.figures.svg import svg_of

TABLE = pd.DataFrame({"step": range(5), "value": [1.0, 10.0, 100.0, 1000.0, 1e4]})
HOSTILE = "<script>alert('$x^2$')</script>\x1b"


def block(name: str = "one", label: str = "a $line$ & <b>") -> FigureBlock:
    def draw(figure: Any) -> None:
        axes = figure.subplots()
        axes.plot(TABLE["step"], TABLE["value"], color="#0072B2", label=label, marker="o")
        axes.set_yscale("log")
        axes.set_xlabel("step")
        axes.legend()

    return FigureBlock(name, "A line", "A line that grows.", TABLE, draw)


def test_the_same_bytes_each_time_and_names_of_its_own() -> None:
    assert svg_of(block()) == svg_of(block())
    ids = [set(re.findall(r'id="([^"]+)"', svg_of(block(name)))) for name in ("one", "two")]
    assert ids[0]
    assert not ids[0] & ids[1]
    for reference in re.findall(r'(?:href="#|url\(#)([^")]+)', svg_of(block())):
        assert reference in ids[0]


def test_no_styles_and_no_colours_of_its_own() -> None:
    text = svg_of(block())
    assert "style" not in text
    assert "xmlns" not in text
    assert "var(--plot-0)" in text
    assert "currentColor" in text
    assert "#000000" not in text
    assert "#ffffff" not in text
    assert "2026" not in text  # no date


def test_labels_are_text_and_nothing_else() -> None:
    root = Xml.fromstring(svg_of(block(label=HOSTILE)))
    labels = ["".join(node.itertext()) for node in root.iter() if node.tag == "text"]
    assert r"<script>alert('$x^2$')</script>\x1b" in labels
    assert "10⁴" in labels
    assert "step" in labels
    assert not list(root.iter("script"))


def test_labels_are_translated() -> None:
    assert ">STEP<" in svg_of(block(), lambda text: text.upper() if text == "step" else text)


def test_the_digest_is_of_the_numbers_alone() -> None:
    assert block().digest == block("two", "other").digest
    moved = TABLE.assign(value=TABLE["value"] * (1 + 1e-12))
    changed = TABLE.assign(value=TABLE["value"] * (1 + 1e-8))
    digests = [FigureBlock("one", "", "", table, lambda _: None).digest for table in (TABLE, moved, changed)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("length", [10, 100_000])
def test_long_series_keep_their_extremes(length: int) -> None:
    values = np.sin(np.arange(length) / 7.0)
    values[length // 3] = 50.0
    kept = thinned(pd.DataFrame({"step": range(length), "value": values}))
    assert len(kept) == min(length, len(kept)) <= 1300
    assert kept["value"].max() == 50.0
    assert kept["step"].iloc[0] == 0
    assert kept["step"].iloc[-1] == length - 1
