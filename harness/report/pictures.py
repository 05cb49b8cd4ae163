"""Pictures of the test images that two arms see differently, for `report.md`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from harness.judging.flips import MOST_SHOWN, counts, surest
from harness.report.rows import Table, number
from harness.report.tables import as_markdown
from harness.system.array_files import Arrays
from harness.system.writing import whole

SHEET = "flips.png"
IN_TABLE = 10  # flips in the table below the pictures
ACROSS, SCALE, LINE, GAP = 8, 4, 15, 10  # pictures in a row; magnification; pixels of a caption's line and of a gap
TEXT_SIZE = 12
WIDEST = 150  # pixels of a picture with its caption


@dataclass(frozen=True)
class Captioned:
    """One picture, (H, W) or (H, W, 1) of uint8, and the lines below it."""

    picture: NDArray[Any]
    lines: tuple[str, ...]


def flips_section(flips: pd.DataFrame | None, pictures: Arrays, count: int, folder: Path) -> list[str]:
    """The lines on the flipped ones of `count` test images. Where there are any, their pictures are drawn in `folder`.

    `pictures`: as `harness.judging.flips.shown_images` returns them. Where one is missing, none are drawn.
    """
    if flips is None:
        return []
    section = ["## Test images that two arms see differently", ""]
    if flips.empty:
        return [*section, f"None of {count:,}.", ""]
    section += [as_markdown(*pairs_table(flips, count)), ""]
    shown = surest(flips).head(MOST_SHOWN)
    title = f"{_how_many(len(shown), len(flips))}, the surest first"
    rows = shown.to_dict("records")
    by_index = dict(zip(pictures.get("index", []), pictures.get("image", []), strict=True))
    sheet = []
    if all(row["index"] in by_index for row in rows):
        contact_sheet(folder / SHEET, title, [Captioned(by_index[row["index"]], _caption(row)) for row in rows])
        sheet = [f"![{title}]({SHEET})", ""]
    head = ["image", "is", "arm", "says", "by a margin of", "arm", "says", "by a margin of"]
    table = [
        [str(row["index"]), str(row["label"]), *(cell for side in "ab" for cell in _cells(row, side))]
        for row in rows[:IN_TABLE]
    ]
    return [*section, *sheet, f"The surest {len(table)}:", "", as_markdown(head, table), ""]


def pairs_table(flips: pd.DataFrame, images: int) -> Table:
    """A row for every two arms: how many of the `images` they classify differently, and which of them is right."""
    head = ["arms", "flips", "of the test set", "only the first is right", "only the second is right", "neither"]
    rows = []
    for (a, b), pair_flips in flips.groupby(["arm_a", "arm_b"], sort=False):
        share = f"{len(pair_flips) / images:.2%}"
        rows.append([f"{a} : {b}", str(len(pair_flips)), share, *(str(count) for count in counts(pair_flips).values())])
    return head, rows


def contact_sheet(path: Path, title: str, pictures: Sequence[Captioned]) -> None:
    """Draws all pictures in rows, each above its caption, as one PNG at `path`."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=TEXT_SIZE)
    images = [Image.fromarray(item.picture.reshape(item.picture.shape[:2])) for item in pictures]
    height = SCALE * max(image.height for image in images)
    step_x = max(SCALE * max(image.width for image in images), WIDEST) + GAP
    step_y = height + LINE * max(len(item.lines) for item in pictures) + GAP
    columns = min(ACROSS, len(pictures))
    rows = -(-len(pictures) // columns)
    width = max(columns * step_x + GAP, GAP + round(font.getlength(title)) + GAP)
    sheet = Image.new("L", (width, 2 * GAP + LINE + rows * step_y), color=255)
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP, GAP // 2), title, fill=0, font=font)
    for index, (image, item) in enumerate(zip(images, pictures, strict=True)):
        x, y = GAP + index % columns * step_x, GAP + LINE + GAP // 2 + index // columns * step_y
        sheet.paste(image.resize((SCALE * image.width, SCALE * image.height), Image.Resampling.NEAREST), (x, y))
        for row, line in enumerate(item.lines):
            pen.text((x, y + height + row * LINE), _fitting(line, font), fill=0, font=font)
    with whole(path) as partial:
        sheet.save(partial, format="PNG", optimize=True)


def _fitting(line: str, font: Any) -> str:
    """The line, cut in its middle where it is wider than a picture's place."""
    shorter = (f"{line[: (kept + 1) // 2]}…{line[len(line) - kept // 2 :]}" for kept in range(len(line) - 1, 0, -1))
    return next((text for text in (line, *shorter) if font.getlength(text) <= WIDEST), "")


def predicted(prediction: int) -> str:
    """A predicted label in words; negative ones stand for no prediction."""
    return "nothing" if prediction < 0 else str(prediction)


def _how_many(shown: int, total: int) -> str:
    return f"all {total} flips" if shown == total else f"{shown} of {total} flips"


def _caption(row: dict[Any, Any]) -> tuple[str, ...]:
    predictions = (
        f"{predicted(row[f'prediction_{side}'])} by {_margin(row, side)}: {row[f'arm_{side}']}" for side in "ab"
    )
    return (f"image {row['index']} is {row['label']}", *predictions)


def _cells(row: dict[Any, Any], side: str) -> tuple[str, str, str]:
    return row[f"arm_{side}"], predicted(row[f"prediction_{side}"]), _margin(row, side)


def _margin(row: dict[Any, Any], side: str) -> str:
    return number(row[f"margin_{side}"], "{:.2g}")
