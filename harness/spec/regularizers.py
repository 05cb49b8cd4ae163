"""Regularisation: a penalty on the kernels (no biases, no scales), added to the loss that is differentiated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from harness.spec.base import Word, union_of

Factor = Annotated[float, Field(ge=0)]


class Regularizer(Word):
    """Base of all penalties. The loss of a training step includes the penalty, a test loss does not."""

    family: ClassVar[str] = "regularizer"


class NoRegularizer(Regularizer):
    """`0`."""

    kind: Literal["none"] = "none"


class L1(Regularizer):
    """`l1 * sum_kernels sum |w|`; its gradient at 0 is 0."""

    kind: Literal["l1"] = "l1"
    l1: Factor

    @classmethod
    def specimens(cls) -> tuple[L1, ...]:
        return (cls(l1=0.01),)


class L2(Regularizer):
    """`l2 * sum_kernels sum w**2` (no factor 1/2)."""

    kind: Literal["l2"] = "l2"
    l2: Factor

    @classmethod
    def specimens(cls) -> tuple[L2, ...]:
        return (cls(l2=0.01),)


class L1L2(Regularizer):
    """`l1 * sum_kernels sum |w| + l2 * sum_kernels sum w**2`."""

    kind: Literal["l1_l2"] = "l1_l2"
    l1: Factor
    l2: Factor

    @classmethod
    def specimens(cls) -> tuple[L1L2, ...]:
        return (cls(l1=0.01, l2=0.02),)


if TYPE_CHECKING:
    AnyRegularizer = Regularizer
else:
    AnyRegularizer: Any = union_of(Regularizer)
