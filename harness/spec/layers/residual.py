"""The residual: its input is added to the output of its layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from harness.spec.activations import Relu
from harness.spec.base import union_of
from harness.spec.initializers import XavierUniform
from harness.spec.layers.base import Layer
from harness.spec.layers.branches import Parallel  # noqa: F401
from harness.spec.layers.composite import Composite
from harness.spec.layers.convolution import Conv2d
from harness.spec.layers.dense import Dense
from harness.spec.layers.normalisation import BatchNorm, Dropout
from harness.spec.parameters import Shape

if TYPE_CHECKING:
    AnyInnerLayer = Layer
else:
    AnyInnerLayer: Any = union_of(Layer)  # of those defined so far: all that are imported here


class Residual(Composite):
    """`x + f(x)`, f being the inner layers in a row, whose output has the shape of x (He et al., 2016).

    The inner layers may be any but another residual.
    """

    kind: Literal["residual"] = "residual"
    layers: Annotated[tuple[AnyInnerLayer, ...], Field(min_length=1)]

    @classmethod
    def specimens(cls) -> tuple[Residual, ...]:
        xavier, relu = XavierUniform(), Relu()
        dense = [Dense(units=units, kernel_initializer=xavier, activation=relu) for units in (4, 6)]
        # No bias before the normalisation, which subtracts it: its gradient would be 0 up to rounding errors.
        without_bias = Conv2d(filters=2, kernel_size=(3, 3), padding="same", kernel_initializer=xavier, use_bias=False)
        with_bias = without_bias.model_copy(update={"use_bias": True})
        return (cls(layers=(*dense, Dropout(rate=0.3))), cls(layers=(without_bias, BatchNorm(momentum=0.9), with_bias)))

    @property
    def rows(self) -> tuple[tuple[str, tuple[Layer, ...]], ...]:
        return (("", self.layers),)

    @property
    def name_in_tables(self) -> str:
        return f"residual ({', '.join(layer.name_in_tables for layer in self.layers)})"

    def output_shape(self, shape: Shape) -> Shape:
        (after,) = self.shapes_out(shape)
        if after != shape:
            raise ValueError(f"the layers of a residual must keep the shape, got {shape} in and {after} out")
        return shape

    def specimen_shape(self) -> Shape:
        return (6,) if isinstance(self.layers[0], Dense) else (5, 4, 2)
