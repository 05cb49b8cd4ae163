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
IN_TABLE = 10
ACROSS, SCALE, LINE, GAP = 8, 4, 15, 10  # pictures in a row, and pixels
TEXT_SIZE = 12
WIDEST = 150  # of a picture with its caption, pixels


@dataclass(frozen=True)
class Captioned:
    """One picture, (H, W) or (H, W, 1) of uint8, and the lines below it."""

    picture: NDArray[Any]
    lines: tuple[str, ...]


def flips_section(flips: pd.DataFrame | None, pictures: Arrays, count: int, folder: Path) -> list[str]:
    """The part of a run's report on its flipped test images, of `count`; draws the sheet beside it where there are any.

    `pictures`: as `harness.judging.flips.shown_images` has them; without them there is no sheet.
    """
    if flips is None:
        return []
    lines = ["## Test images that two arms see differently", ""]
    if flips.empty:
        return [*lines, f"None of {count:,}.", ""]
    lines += [as_markdown(*pairs_table(flips, count)), ""]
    chosen = surest(flips).head(MOST_SHOWN)
    what = f"{_shown(len(chosen), len(flips))}, the surest first"
    rows = chosen.to_dict("records")
    by_index = dict(zip(pictures.get("index", []), pictures.get("image", []), strict=True))
    sheet = []
    if all(row["index"] in by_index for row in rows):
        contact_sheet(folder / SHEET, what, [Captioned(by_index[row["index"]], _caption(row)) for row in rows])
        sheet = [f"![{what}]({SHEET})", ""]
    head = ["image", "is", "arm", "says", "by a margin of", "arm", "says", "by a margin of"]
    table = [
        [str(row["index"]), str(row["label"]), *(cell for side in "ab" for cell in _cells(row, side))]
        for row in rows[:IN_TABLE]
    ]
    return [*lines, *sheet, f"The surest {len(table)}:", "", as_markdown(head, table), ""]


def pairs_table(flips: pd.DataFrame, images: int) -> Table:
    """A row for every two arms."""
    head = ["arms", "flips", "of the test set", "only the first is right", "only the second is right", "neither"]
    rows = []
    for (a, b), own in flips.groupby(["arm_a", "arm_b"], sort=False):
        share = f"{len(own) / images:.2%}"
        rows.append([f"{a} : {b}", str(len(own)), share, *(str(count) for count in counts(own).values())])
    return head, rows


def contact_sheet(path: Path, title: str, pictures: Sequence[Captioned]) -> None:
    """All pictures in rows, each above its caption, as one PNG."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=TEXT_SIZE)
    drawn = [Image.fromarray(each.picture.reshape(each.picture.shape[:2])) for each in pictures]
    high, wide = (SCALE * max(side) for side in ((each.height for each in drawn), (each.width for each in drawn)))
    step_x = max(wide, WIDEST) + GAP
    step_y = high + LINE * max(len(each.lines) for each in pictures) + GAP
    across = min(ACROSS, len(pictures))
    rows = -(-len(pictures) // across)
    width = max(across * step_x + GAP, GAP + round(font.getlength(title)) + GAP)
    sheet = Image.new("L", (width, 2 * GAP + LINE + rows * step_y), color=255)
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP, GAP // 2), title, fill=0, font=font)
    for number_, (picture, each) in enumerate(zip(drawn, pictures, strict=True)):
        x, y = GAP + number_ % across * step_x, GAP + LINE + GAP // 2 + number_ // across * step_y
        sheet.paste(picture.resize((SCALE * picture.width, SCALE * picture.height), Image.Resampling.NEAREST), (x, y))
        for row, line in enumerate(each.lines):
            pen.text((x, y + high + row * LINE), _fitting(line, font), fill=0, font=font)
    with whole(path) as partial:
        sheet.save(partial, format="PNG", optimize=True)


def _fitting(line: str, font: Any) -> str:
    """The line, cut in its middle where it is wider than a picture's place."""
    shorter = (f"{line[: (kept + 1) // 2]}…{line[len(line) - kept // 2 :]}" for kept in range(len(line) - 1, 0, -1))
    return next((each for each in (line, *shorter) if font.getlength(each) <= WIDEST), "")


def said(prediction: int) -> str:
    return "nothing" if prediction < 0 else str(prediction)


def _shown(shown: int, of: int) -> str:
    return f"all {of} flips" if shown == of else f"{shown} of {of} flips"


def _caption(row: dict[Any, Any]) -> tuple[str, ...]:
    says = (f"{said(row[f'prediction_{side}'])} by {_margin(row, side)}: {row[f'arm_{side}']}" for side in "ab")
    return (f"image {row['index']} is {row['label']}", *says)


def _cells(row: dict[Any, Any], side: str) -> tuple[str, str, str]:
    return row[f"arm_{side}"], said(row[f"prediction_{side}"]), _margin(row, side)


def _margin(row: dict[Any, Any], side: str) -> str:
    return number(row[f"margin_{side}"], "{:.2g}")
