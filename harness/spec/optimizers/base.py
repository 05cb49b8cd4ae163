"""What all optimizers share: the groups of parameters, and how their names in tables are made."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from harness.spec.base import Word
from harness.spec.groups import MOST_GROUPS, ParameterGroup

Fraction = Annotated[float, Field(ge=0, lt=1)]
Epsilon = Annotated[float, Field(gt=0)]
AdamEpsilon = Literal["before_correction", "after_correction", "inside_root"]
RootEpsilon = Literal["inside_root", "outside_root"]

# The groups of specimens.
SLOW_BIASES = (ParameterGroup(parameters=("bias",), rate_factor=0.1),)
UNDECAYED_BIASES = (ParameterGroup(parameters=("bias",), weight_decay=0.0),)


class Optimizer(Word):
    """Base of all optimizers. `groups`: parameters with another rate or another factor of the decay."""

    family: ClassVar[str] = "optimizer"
    groups: Annotated[tuple[ParameterGroup, ...], Field(max_length=MOST_GROUPS)] = ()

    @property
    def name_in_tables(self) -> str:
        return with_groups(self, super().name_in_tables)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The arrays kept for each parameter between updates, in the order in which the formula computes them."""
        return ()


def with_groups(word: Optimizer, name: str) -> str:
    return f"{name} in groups" if word.groups else name


def named(word: Any, *flags: str, after: str = "") -> str:
    """The kind, the flags that are set, and the place of epsilon and the bias correction unless they are default."""
    parts = [word.kind, *(name for name in flags if getattr(word, name))]
    usual = type(word).model_fields["epsilon_place"].default
    parts += [] if word.epsilon_place == usual else ["epsilon", word.epsilon_place]
    parts += [] if getattr(word, "bias_correction", True) else ["uncorrected"]
    return with_groups(word, " ".join([*parts, *([after] if after else [])]))
