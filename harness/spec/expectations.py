"""The expected results of an experiment, which are checked after a full training, in every arm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from harness.spec.base import Spec, Word, union_of


class Expectation(Word):
    """Base of all expectations."""

    family: ClassVar[str] = "expectation"


class AccuracyBetween(Expectation):
    """`low <= test accuracy <= high` after the last epoch; fractions, not per cent."""

    kind: Literal["accuracy"] = "accuracy"
    low: Annotated[float, Field(ge=0, le=1)] = 0.0
    high: Annotated[float, Field(ge=0, le=1)] = 1.0


class LossBetween(Expectation):
    """`low <= test loss <= high` after the last epoch; null: no limit on that side."""

    kind: Literal["test_loss"] = "test_loss"
    low: float | None = None
    high: float | None = None


class WeightsBetween(Expectation):
    """Every element of a parameter ends in `[low, high]`; null: no limit on that side."""

    kind: Literal["weights"] = "weights"
    parameter: str
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _ordered(self) -> WeightsBetween:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low must not exceed high, got low={self.low}, high={self.high}")
        return self


class NearReference(Expectation):
    """Every final weight is within `within`, absolutely, of the one the float64 reference ends with.

    The reference makes the whole run, so this is for small problems. Where it ends in a limit cycle, as plain gradient
    descent does on a loss with a kink, being within that cycle is being near.
    """

    kind: Literal["near_reference"] = "near_reference"
    within: Annotated[float, Field(gt=0)]


if TYPE_CHECKING:
    AnyExpectation = Expectation
else:
    AnyExpectation: Any = union_of(Expectation)


class Ordering(Spec):
    """Between two variants of a study: `better` is better than `than` by at least `by`, in every arm that ran both.

    `accuracy`: the higher test accuracy. `test_loss`: the lower test loss. `first_to_last_gradient`: the higher ratio
    of the gradient norms of the first and the last layer, before the first update.
    """

    better: str
    than: str
    by: float = 0.0
    measure: Literal["accuracy", "test_loss", "first_to_last_gradient"] = "accuracy"
