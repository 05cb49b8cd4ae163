"""The tables of a study over several seeds: how well the arms end, and which test images flip how often."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from numpy.typing import NDArray

from harness.judging.flips import MOST_SHOWN
from harness.report.pictures import IN_TABLE, SHEET, Captioned, contact_sheet, predicted
from harness.report.rows import Table, number
from harness.report.study_record import StudyRecord
from harness.report.tables import as_markdown
from harness.scenarios.study import image_key, often_flipped

KEYS = ["variant", "arm_a", "arm_b"]
MEANING = (
    "A flip is a test image that two runs call differently. Two arms at one seed start from the same weights and see"
    " the same batches: what flips between them is of the arms, or of rounding that has grown. Two seeds of one arm"
    " start elsewhere and see other batches: that is how much any training of this kind moves by itself, and what the"
    " flips between the arms are to be measured by."
)


def convergence_table(study: StudyRecord) -> Table:
    """A row for each variant and every two arms: mean test accuracies, p-values of the two tests, and the verdict."""
    head = ["variant", "arms", "seeds", "mean of first", "of second", "p, above -margin", "p, below margin"]
    head += ["verdict", "found"]
    rows = []
    for row, verdict in zip(study.convergence.to_dict("records"), study.over_seeds, strict=False):
        rows.append(
            [
                row["variant"],
                f"{row['arm_a']} : {row['arm_b']}",
                str(row["pairs"]),
                number(verdict.value_a, "{:.3%}"),
                number(verdict.value_b, "{:.3%}"),
                *(number(p if isfinite(p) else None, "{:.2g}") for p in (row["p_above"], row["p_below"])),
                verdict.status,
                verdict.cause,
            ]
        )
    return head, rows


def spread_table(study: StudyRecord) -> Table:
    """How many test images flip between two arms at one seed, and between two seeds of one arm.

    It has no row where the study has one seed.
    """
    head = ["variant", "between", "compared", "flips, mean", "fewest", "most", "of the test set"]
    rows: list[list[str]] = []
    if not study.several_seeds:
        return head, rows
    for key, group in study.spread.groupby(KEYS, sort=False):
        variant, a, b = map(str, key)
        between = f"two seeds of {a}" if a == b else f"{a} : {b} at one seed"
        flips = group["flips"]
        share = f"{flips.mean() / group['images'].iloc[0]:.2%}"
        rows.append(
            [variant, between, str(len(group)), f"{flips.mean():.1f}", str(flips.min()), str(flips.max()), share]
        )
    return head, rows


def flips_of_study(study: StudyRecord) -> list[str]:
    """Lines about the images that flip between two arms, the most often flipped first. Draws them in the folder."""
    if not study.several_seeds or study.spread.empty:
        return []
    section = [MEANING, ""]
    if study.flips.empty:
        return [*section, "No test image flips between two arms.", ""]
    title, pictures = often_flipped_pictures(study)
    sheet = []
    if pictures:
        contact_sheet(study.folder / SHEET, title, pictures)
        sheet = [f"![{title}]({SHEET})", ""]
    return [*section, *sheet, as_markdown(*often_flipped_table(study)), ""]


def often_flipped_pictures(study: StudyRecord) -> tuple[str, list[Captioned]]:
    """A title, and the pictures of the images that flip most often between two arms; none where one is missing."""
    shown = _often_flipped(study)
    count = len(often_flipped(study.flips))
    title = f"{len(shown)} of {count} images that flip between two arms, the most often flipped first"
    return title, _pictures(study, shown)


def often_flipped_table(study: StudyRecord) -> Table:
    """A row for each of the images that flip most often between two arms."""
    head = ["variant", "image", "is", "flips at", "first arm", "says", "second arm", "says"]
    return head, [
        [
            *(row["variant"], str(row["index"]), str(row["label"]), f"{row['flips']} of {row['of']} seeds"),
            *(cell for side in "ab" for cell in (row[f"arm_{side}"], predicted(row[f"prediction_{side}"]))),
        ]
        for row in _often_flipped(study)[:IN_TABLE]
    ]


def _often_flipped(study: StudyRecord) -> list[dict[Any, Any]]:
    """The images that flip most often, each with the number of seeds at which both arms were trained."""
    return [
        {**row, "of": _compared_at(study, row["variant"], row["arm_a"], row["arm_b"])}
        for row in often_flipped(study.flips).head(MOST_SHOWN).to_dict("records")
    ]


def _pictures(study: StudyRecord, rows: Sequence[dict[Any, Any]]) -> list[Captioned]:
    """The pictures of `rows`, with captions; none where one of them was not recorded."""
    arrays = study.flipped_images
    images: dict[tuple[str, int], NDArray[Any]] = {}
    for variant in {row["variant"] for row in rows}:
        index, image = (arrays.get(image_key(variant, part), ()) for part in ("index", "image"))
        images |= {(variant, int(number)): picture for number, picture in zip(index, image, strict=False)}
    if any((row["variant"], row["index"]) not in images for row in rows):
        return []
    return [
        Captioned(
            images[row["variant"], row["index"]],
            (
                f"image {row['index']} is {row['label']}",
                f"flips at {row['flips']} of {row['of']} seeds",
                *(f"{predicted(row[f'prediction_{side}'])}: {row[f'arm_{side}']}" for side in "ab"),
                *([row["variant"]] if row["variant"] else []),
            ),
        )
        for row in rows
    ]


def _compared_at(study: StudyRecord, variant: str, arm_a: str, arm_b: str) -> int:
    """The number of seeds at which both arms were trained."""
    rows = study.spread
    return int(((rows["variant"] == variant) & (rows["arm_a"] == arm_a) & (rows["arm_b"] == arm_b)).sum())
