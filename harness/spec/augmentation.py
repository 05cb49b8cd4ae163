"""Augmentation of images in training; what becomes of which image in which epoch is drawn by the plan."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.spec.base import Spec


class Augmentation(Spec):
    """Each training image of each epoch, flipped, then rotated, then shifted, on a plane that is 0 around the image.

    `flip`: mirrored left to right with probability 1/2. `rotate`: by an angle of U[-rotate, rotate) degrees,
    counter-clockwise, about the middle of the image, bilinear. `shift`: down and right by two whole numbers of pixels,
    each of -shift, ..., shift with equal probability. The pixels are computed once, for all three, and rounded once to
    whole values, halves to even. An epoch of several passes shows an image alike in all of them.
    """

    shift: Annotated[int, Field(ge=0, le=27)] = 0
    rotate: Annotated[float, Field(ge=0, le=180)] = 0.0
    flip: bool = False
