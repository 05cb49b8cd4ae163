"""Gradient accumulation: the batches of a group have one update together, by one gradient made of all of theirs.

Batches are counted from the beginning of the training, so a group goes on over the end of an epoch. What is left of a
group at the end of the training is not applied. The gradient of a group is clipped, not those of its batches; weight
decay, optimizer, look-ahead and averaging follow once for each group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from harness.spec.base import Word, union_of

Batches = Annotated[int, Field(ge=2)]


class Accumulation(Word):
    """Base of all accumulations."""

    family: ClassVar[str] = "accumulation"

    @property
    def group(self) -> int:
        """The number of batches that have one update together."""
        return 1

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The arrays kept for each parameter between batches."""
        return ()

    def schedule_step(self, update: Any) -> Any:
        """The step at which the schedule is read for a 0-based update: a number, or an array of them."""
        return update

    def updates(self, batches: int) -> int:
        """How many updates the first `batches` batches have."""
        return batches // self.group


class NoAccumulation(Accumulation):
    """`g`: an update for every batch."""

    kind: Literal["none"] = "none"


class _OfGroups(Accumulation):
    batches: Batches
    schedule_counts: Literal["updates", "batches"] = "updates"

    @classmethod
    def specimens(cls) -> tuple[Any, ...]:
        return (cls(batches=4), cls(batches=3, schedule_counts="batches"))

    @property
    def name_in_tables(self) -> str:
        counted = [] if self.schedule_counts == "updates" else ["schedule counts batches"]
        return ", ".join([f"{self.word()} of {self.batches}", *counted])

    @property
    def group(self) -> int:
        return self.batches

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("accumulated",)

    def schedule_step(self, update: Any) -> Any:
        if self.schedule_counts == "updates":
            return update
        return update * self.batches + (self.batches - 1)


class MeanOfBatches(_OfGroups):
    """`g = (g_1 + ... + g_N) / N` of a group of N = `batches`, each of them the gradient of a batch's own loss.

    `schedule_counts`: the rate of update t is `rate(t)`, counting `updates`, or `rate(N * t + N - 1)`, counting
    `batches`, whose last in the group it is. Whatever else counts (a bias correction, say) counts updates.
    """

    kind: Literal["mean"] = "mean"


class SumOfBatches(_OfGroups):
    """`g = g_1 + ... + g_N` of a group of N = `batches`; `schedule_counts` as for the mean."""

    kind: Literal["sum"] = "sum"


if TYPE_CHECKING:
    AnyAccumulation = Accumulation
else:
    AnyAccumulation: Any = union_of(Accumulation)
