"""What a study over several seeds says: whether the arms end equally well, and which test images flip how often."""

from __future__ import annotations

from math import isfinite

import pandas as pd

from harness.judging.flips import MOST_SHOWN, by_image
from harness.report.pictures import IN_TABLE, SHEET, Captioned, contact_sheet, said
from harness.report.rows import Table, number
from harness.report.tables import as_markdown
from harness.scenarios.study import Study

KEYS = ["variant", "arm_a", "arm_b"]
MEANING = (
    "A flip is a test image that two runs call differently. Two arms at one seed start from the same weights and see"
    " the same batches: what flips between them is of the arms, or of rounding that has grown. Two seeds of one arm"
    " start elsewhere and see other batches: that is how much any training of this kind moves by itself, and what the"
    " flips between the arms are to be measured by."
)


def convergence_table(study: Study) -> Table:
    """A row for every variant and two arms: the mean test accuracies, the p-values, and the rest in a sentence."""
    head = ["variant", "arms", "seeds", "mean of first", "of second", "p, above -margin", "p, below margin"]
    head += ["verdict", "found"]
    rows = []
    for variant, compared in study.compared.items():
        for each in compared:
            found, verdict = each.found, each.verdict
            p_values = [found.p_above, found.p_below]
            rows.append(
                [
                    variant,
                    f"{each.arm_a} : {each.arm_b}",
                    str(found.pairs),
                    number(verdict.value_a, "{:.3%}"),
                    number(verdict.value_b, "{:.3%}"),
                    *(number(p if isfinite(p) else None, "{:.2g}") for p in p_values),
                    verdict.status,
                    verdict.cause,
                ]
            )
    return head, rows


def spread_table(study: Study) -> Table:
    """How many test images flip between two arms at one seed, and between two seeds of one arm."""
    head = ["variant", "between", "compared", "flips, mean", "fewest", "most", "of the test set"]
    rows: list[list[str]] = []
    if not study.several_seeds:
        return head, rows
    for key, own in study.spread.groupby(KEYS, sort=False):
        variant, a, b = map(str, key)
        between = f"two seeds of {a}" if a == b else f"{a} : {b} at one seed"
        flips = own["flips"]
        share = f"{flips.mean() / own['images'].iloc[0]:.2%}"
        rows.append([variant, between, str(len(own)), f"{flips.mean():.1f}", str(flips.min()), str(flips.max()), share])
    return head, rows


def flips_of_study(study: Study) -> list[str]:
    """Which images flip between two arms, at how many of the seeds; draws the sheet beside the report."""
    if not study.several_seeds or study.spread.empty:
        return []
    lines = [MEANING, ""]
    if study.flips.empty:
        return [*lines, "No test image flips between two arms.", ""]
    images = {run.experiment.variant or "": run.data.x_test for run in study.runs}
    parts = []
    for key, own in study.flips.groupby(KEYS, sort=False):
        variant, a, b = map(str, key)
        parts.append(by_image(own).assign(variant=variant, arm_a=a, arm_b=b, of=_compared_at(study, variant, a, b)))
    every = pd.concat(parts, ignore_index=True).sort_values("flips", ascending=False, kind="stable")
    chosen = every.head(MOST_SHOWN).to_dict("records")
    what = f"{len(chosen)} of {len(every)} images that flip between two arms, the most often flipped first"
    pictures = [
        Captioned(
            images[row["variant"]][row["index"]],
            (
                f"image {row['index']} is {row['label']}",
                f"flips at {row['flips']} of {row['of']} seeds",
                *(f"{said(row[f'prediction_{side}'])}: {row[f'arm_{side}']}" for side in "ab"),
                *([row["variant"]] if row["variant"] else []),
            ),
        )
        for row in chosen
    ]
    contact_sheet(study.folder / SHEET, what, pictures)
    head = ["variant", "image", "is", "flips at", "first arm", "says", "second arm", "says"]
    table = [
        [
            *(row["variant"], str(row["index"]), str(row["label"]), f"{row['flips']} of {row['of']} seeds"),
            *(cell for side in "ab" for cell in (row[f"arm_{side}"], said(row[f"prediction_{side}"]))),
        ]
        for row in chosen[:IN_TABLE]
    ]
    return [*lines, f"![{what}]({SHEET})", "", as_markdown(head, table), ""]


def _compared_at(study: Study, variant: str, arm_a: str, arm_b: str) -> int:
    """The number of seeds at which both arms were there."""
    rows = study.spread
    return int(((rows["variant"] == variant) & (rows["arm_a"] == arm_a) & (rows["arm_b"] == arm_b)).sum())
