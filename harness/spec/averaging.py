"""Averaging of the weights over the updates. It comes last in an update, and concerns the trainable parameters.

What is not trained (the moving statistics of a batch normalisation) is not averaged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from harness.spec.base import union_of
from harness.spec.following import Following

AVERAGE = "average"


class Averaging(Following):
    """Base of all averagings."""

    family: ClassVar[str] = "averaging"

    def scored(self, weights: Mapping[str, Any], slots: Mapping[str, Any]) -> dict[str, Any]:
        """What the model is scored with after an epoch, by parameter: the weights, unless it is their averages.

        `slots`: by `<slot>/<parameter>`.
        """
        return dict(weights)


class NoAveraging(Averaging):
    """`w`."""

    kind: Literal["none"] = "none"


class Exponential(Averaging):
    """Exponential moving average: `a = decay * a + (1 - decay) * w` after each update.

    `start`: a is w after the `first_update`, or at the `initial_weights`, which the first update then averages with.
    `overwrite_every` M: `w = a` after every M-th update, with which the training goes on; without it a changes no
    weight that is trained.
    `evaluated`: the test set is scored with a in place of w, and the final weights of the training are a.
    """

    kind: Literal["exponential"] = "exponential"
    decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
    start: Literal["first_update", "initial_weights"] = "first_update"
    overwrite_every: Annotated[int, Field(ge=1)] | None = None
    evaluated: bool = True

    @classmethod
    def specimens(cls) -> tuple[Exponential, ...]:
        return (
            cls(decay=0.9),
            cls(decay=0.9, start="initial_weights", evaluated=False),
            cls(decay=0.9, overwrite_every=3),
        )

    @property
    def name_in_tables(self) -> str:
        overwriting = [f"overwrite every {self.overwrite_every}"] if self.overwrite_every else []
        scored = [] if self.evaluated else ["not evaluated"]
        return ", ".join([f"{self.kind} from {self.start}", *overwriting, *scored])

    @property
    def slot_names(self) -> tuple[str, ...]:
        return (AVERAGE,)

    @property
    def period(self) -> int:
        return max(2, self.overwrite_every or 0)

    def scored(self, weights: Mapping[str, Any], slots: Mapping[str, Any]) -> dict[str, Any]:
        averages = {name: slots.get(f"{AVERAGE}/{name}", value) for name, value in weights.items()}
        return averages if self.evaluated else dict(weights)


if TYPE_CHECKING:
    AnyAveraging = Averaging
else:
    AnyAveraging: Any = union_of(Averaging)
