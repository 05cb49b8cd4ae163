"""Metrics: what is reported of a model and not minimised, since it has no gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from harness.spec.base import Word, union_of


class Metric(Word):
    """Base of all metrics: a number for each sample, then the mean."""

    family: ClassVar[str] = "metric"


class ZeroOne(Metric):
    """`m = 1 if argmax_j p_j != y else 0`, for outputs p (B, C) and labels y (B,); of equal outputs the first counts.

    The accuracy of a model is `1 - zero_one`.
    """

    kind: Literal["zero_one"] = "zero_one"


if TYPE_CHECKING:
    AnyMetric = Metric
else:
    AnyMetric: Any = union_of(Metric)
