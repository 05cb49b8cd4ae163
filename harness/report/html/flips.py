"""The test images that two arms see differently: their counts, the pictures and the surest of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.judging.flips import MOST_SHOWN, surest
from harness.report.html.blocks import Block, Picture, Pictures, Prose, TableBlock
from harness.report.html.document import Section, section
from harness.report.pictures import pairs_table, predicted
from harness.report.rows import number
from harness.report.run_record import RunRecord

TITLE = "Test images that two arms see differently"


def flips_section(run: RunRecord) -> Section:
    """The section; empty where no flips were recorded."""
    flips, count = run.flips, int(run.plan.get("samples", {}).get("test", 0))
    if flips is None or not count:
        return section(TITLE)
    if flips.empty:
        return section(TITLE, Prose((f"None of {count:,}.",)))
    rows = surest(flips).head(MOST_SHOWN).to_dict("records")
    by_index = dict(zip(*(run.flipped_images.get(name, []) for name in ("index", "image")), strict=False))
    blocks: list[Block] = [TableBlock.of("Flips of every two arms", pairs_table(flips, count))]
    if all(row["index"] in by_index for row in rows):
        pictures = [_picture(place, row, by_index[row["index"]]) for place, row in enumerate(rows)]
        title = f"All {len(rows)} flips" if len(rows) == len(flips) else f"{len(rows)} of {len(flips)} flips"
        blocks.append(Pictures(f"{title}, the surest first", tuple(pictures)))
    return section(TITLE, *blocks)


def _picture(place: int, row: Mapping[Any, Any], pixels: Any) -> Picture:
    says = [
        f"{row[f'arm_{side}']}: {predicted(row[f'prediction_{side}'])} by {number(row[f'margin_{side}'], '{:.2g}')}"
        for side in "ab"
    ]
    title = f"image {row['index']} is {row['label']}"
    return Picture(f"flip-{place}", pixels.reshape(pixels.shape[:2]), "; ".join([title, *says]), (title, *says))
