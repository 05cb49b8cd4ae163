"""How far two accuracies may be apart beyond the test images at hand: an interval of a paired difference.

Two arms classify the same n images. With b images that only the first calls right and c that only the second does, the
difference of their accuracies is (b - c) / n. Images on which both are right, or both wrong, say nothing about it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

LEVEL = 0.95


@dataclass(frozen=True)
class PairedDifference:
    """The difference of two proportions over the same `images`, first minus second, and its interval."""

    difference: float
    low: float
    high: float
    images: int
    level: float = LEVEL


def paired_difference(only_first: int, only_second: int, images: int, level: float = LEVEL) -> PairedDifference:
    """The adjusted Wald interval (D. G. Bonett, R. M. Price, J. Educ. Behav. Stat. 37, 2012, 479-488).

    With p = (b + 1) / (n + 2) and q = (c + 1) / (n + 2), the interval is
    `p - q -+ z sqrt((p + q - (p - q)**2) / (n + 2))`. It has a width where no image separates the arms, too.

    Args:
        only_first: b, images that only the first arm classifies rightly.
        only_second: c, images that only the second arm classifies rightly.
        images: n, all images.
        level: the probability with which the interval is to cover the true difference.

    Raises:
        ValueError: the counts are negative, or more than there are images.
    """
    if min(only_first, only_second) < 0 or only_first + only_second > images or images < 1:
        raise ValueError(f"{only_first} and {only_second} of {images} images")
    p, q = (only_first + 1) / (images + 2), (only_second + 1) / (images + 2)
    reach = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt((p + q - (p - q) ** 2) / (images + 2))
    low, high = max(-1.0, p - q - reach), min(1.0, p - q + reach)
    return PairedDifference((only_first - only_second) / images, low, high, images, level)
