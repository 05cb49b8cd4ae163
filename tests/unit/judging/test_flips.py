"""Which test images two arms see differently: found, counted, ordered and drawn."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from harness.judging.flips import COLUMNS, MOST_SHOWN, by_image, counts, flips_between, shown_images, surest
from harness.report.pictures import GAP, LINE, SCALE, SHEET, Captioned, contact_sheet, flips_section
from harness.worker.predicting import PART, of_outputs, predictions

OUTPUTS = np.array([[0.1, 0.5, 0.2], [2.0, 2.0, 1.0], [-3.0, -1.0, -1.5], [np.nan, 1.0, 0.0], [np.inf, 1.0, -np.inf]])


def said(labels: list[int], margins: list[float] | None = None) -> dict[str, Any]:
    return {"label": np.array(labels, np.int32), "margin": np.array(margins or [1.0] * len(labels))}


# --- What a model says -----------------------------------------------------------------------------------------------


def test_the_label_and_its_lead() -> None:
    found = of_outputs(OUTPUTS)
    assert found["label"].tolist() == [1, 0, 1, -1, 0]  # of equal outputs the first; of a NaN nothing
    np.testing.assert_array_equal(found["margin"], [0.5 - 0.2, 0.0, 0.5, np.nan, np.inf])
    assert of_outputs(np.full((1, 3), np.inf))["margin"].tolist() == [0.0]


def test_predictions_are_made_part_by_part() -> None:
    seen = []

    def forward(x: Any) -> Any:
        seen.append(len(x))
        return np.stack([x, 2 - x], axis=1)

    x = np.linspace(0, 2, 2 * PART + 300)
    trainer: Any = SimpleNamespace(forward=forward)
    found = predictions(trainer, x)
    assert seen == [PART, PART, 300]
    whole = of_outputs(np.stack([x, 2 - x], axis=1))
    np.testing.assert_array_equal(found["label"], whole["label"])
    np.testing.assert_array_equal(found["margin"], whole["margin"])


# --- Flips -----------------------------------------------------------------------------------------------------------


def test_every_flip_of_every_pair() -> None:
    labels = np.array([0, 1, 2, 3])
    three = {"a": said([0, 1, 2, -1]), "b": said([0, 7, 2, -1], [0.1, 0.2, 0.3, np.nan]), "c": said([0, 1, 5, 3])}
    found = flips_between(labels, three)
    assert tuple(found.columns) == COLUMNS
    assert found[["arm_a", "arm_b", "index", "label", "prediction_a", "prediction_b"]].to_numpy().tolist() == [
        ["a", "b", 1, 1, 1, 7],
        ["a", "c", 2, 2, 2, 5],
        ["a", "c", 3, 3, -1, 3],
        ["b", "c", 1, 1, 7, 1],
        ["b", "c", 2, 2, 2, 5],
        ["b", "c", 3, 3, -1, 3],
    ]
    assert found["margin_b"].tolist()[0] == 0.2
    for few in ({}, {"a": three["a"]}, {"a": three["a"], "same": three["a"]}):
        assert (len(flips_between(labels, few)), tuple(flips_between(labels, few).columns)) == (0, COLUMNS)


def test_predictions_of_another_test_set_are_not_compared() -> None:
    with pytest.raises(ValueError, match="predictions of 2 and of 3 images can't be compared"):
        flips_between(np.array([0, 1, 2]), {"a": said([0, 1]), "b": said([0, 1, 2])})


def flips(rows: list[tuple[int, int, int, int, float, float]]) -> pd.DataFrame:
    columns = ["index", "label", "prediction_a", "prediction_b", "margin_a", "margin_b"]
    return pd.DataFrame(rows, columns=columns).assign(arm_a="a", arm_b="b")


SOME = [(4, 1, 1, 2, 0.5, 0.1), (7, 2, 3, 2, 0.2, 0.3), (4, 1, 5, 6, 0.9, 0.8), (9, 3, 1, 2, 9.0, 0.05)]


def test_counts_and_order() -> None:
    found = flips(SOME)
    assert counts(found) == {"only_a": 1, "only_b": 1, "neither": 2}
    assert surest(found)["margin_b"].tolist() == [0.8, 0.3, 0.1, 0.05]
    assert by_image(found)[["index", "label", "flips", "prediction_a"]].to_numpy().tolist() == [
        [4, 1, 2, 5],
        [7, 2, 1, 3],
        [9, 3, 1, 1],
    ]


# --- Pictures --------------------------------------------------------------------------------------------------------


def test_a_sheet_shows_each_picture(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (11, 28, 28, 1), np.uint8)
    path = tmp_path / "sheet.png"
    contact_sheet(path, "eleven", [Captioned(image, ("one", "an arm's name that is far too long")) for image in images])
    sheet = np.asarray(Image.open(path))
    assert not list(tmp_path.glob("*.partial"))
    side, top = 28 * SCALE, GAP + LINE + GAP // 2
    step_x = (sheet.shape[1] - GAP) // 8
    step_y = side + 2 * LINE + GAP
    for number, image in enumerate(images):
        x, y = GAP + number % 8 * step_x, top + number // 8 * step_y
        np.testing.assert_array_equal(sheet[y : y + side : SCALE, x : x + side : SCALE], image[:, :, 0])
        caption = sheet[y + side : y + side + 2 * LINE, x : x + step_x]
        assert caption.min() < 100  # something is written there ...
        assert (
            sheet[y + side : y + side + 2 * LINE, x + step_x - GAP // 2 : x + step_x].min() == 255
        )  # ... and kept apart


def test_the_section_of_the_report(tmp_path: Path) -> None:
    images = np.zeros((200, 28, 28, 1), np.uint8)
    assert flips_section(None, {}, 200, tmp_path) == []
    assert flips_section(flips([]), shown_images(flips([]), images), 200, tmp_path)[2] == "None of 200."
    assert not list(tmp_path.iterdir())
    page = "\n".join(flips_section(flips(SOME), shown_images(flips(SOME), images), 200, tmp_path))
    assert f"![all 4 flips, the surest first]({SHEET})" in page
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("|")]
    assert cells[2] == ["a : b", "4", "2.00%", "1", "1", "2"]
    assert cells[5] == ["4", "1", "a", "5", "0.9", "b", "6", "0.8"]
    assert Image.open(tmp_path / SHEET).format == "PNG"


def test_no_more_than_so_many_pictures(tmp_path: Path) -> None:
    images = np.zeros((200, 28, 28, 1), np.uint8)
    heights = {}
    for many in (MOST_SHOWN, MOST_SHOWN + 50):
        found = flips([(i, 0, 1, -1, 1.0, np.nan) for i in range(many)])
        page = "\n".join(flips_section(found, shown_images(found, images), 200, tmp_path))
        assert (f"{MOST_SHOWN} of {many} flips" in page) == (many > MOST_SHOWN)
        assert "nothing" in page
        heights[many] = Image.open(tmp_path / SHEET).height
    assert len(set(heights.values())) == 1
