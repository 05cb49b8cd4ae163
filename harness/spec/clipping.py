"""Clipping: what bounds the gradients before the optimizer sees them. `||.||` is the Euclidean norm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from harness.spec.base import Word, union_of

Bound = Annotated[float, Field(gt=0)]


class Clipping(Word):
    """Base of all clippings."""

    family: ClassVar[str] = "clipping"


class NoClipping(Clipping):
    """`g`."""

    kind: Literal["none"] = "none"


class ByValue(Clipping):
    """`min(max(g, -bound), bound)`, element by element."""

    kind: Literal["by_value"] = "by_value"
    bound: Bound

    @classmethod
    def specimens(cls) -> tuple[ByValue, ...]:
        return (cls(bound=0.5),)


class ByNorm(Clipping):
    """`g * bound / max(||g||, bound)`, tensor by tensor."""

    kind: Literal["by_norm"] = "by_norm"
    bound: Bound

    @classmethod
    def specimens(cls) -> tuple[ByNorm, ...]:
        return (cls(bound=0.5),)


class ByGlobalNorm(Clipping):
    """`g * bound / max(G, bound)`, with `G` the norm of all gradients together: `sqrt(sum_i ||g_i||**2)`."""

    kind: Literal["by_global_norm"] = "by_global_norm"
    bound: Bound

    @classmethod
    def specimens(cls) -> tuple[ByGlobalNorm, ...]:
        return (cls(bound=0.5),)


if TYPE_CHECKING:
    AnyClipping = Clipping
else:
    AnyClipping: Any = union_of(Clipping)
