"""The base of layers made of rows of layers, and the layers that a row may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.spec.base import union_of
from harness.spec.layers.attention import MultiHeadAttention  # noqa: F401
from harness.spec.layers.base import Layer, Step, in_a_row
from harness.spec.layers.convolution import Conv2d  # noqa: F401
from harness.spec.layers.dense import Dense  # noqa: F401
from harness.spec.layers.group_normalisation import GroupNorm  # noqa: F401
from harness.spec.layers.normalisation import BatchNorm  # noqa: F401
from harness.spec.layers.pooling import MaxPool2d  # noqa: F401
from harness.spec.layers.recurrent import Lstm  # noqa: F401
from harness.spec.layers.resizing import ZeroPadding2d  # noqa: F401
from harness.spec.layers.sequence_convolution import Conv1d  # noqa: F401
from harness.spec.layers.shape import Flatten  # noqa: F401
from harness.spec.layers.stochastic_depth import StochasticDepth  # noqa: F401
from harness.spec.layers.transposed import Conv2dTranspose  # noqa: F401
from harness.spec.parameters import Mask, Parameter, Shape, UniformNoise

if TYPE_CHECKING:
    AnySingleLayer = Layer
else:
    AnySingleLayer: Any = union_of(Layer)  # of those defined so far: all that are imported here


class Composite(Layer):
    """Base of the layers made of rows of layers, which all take the layer's own input."""

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        return tuple(
            parameter.model_copy(update={"name": f"{step.name}/{parameter.name}"})
            for step in self._steps(shape)
            for parameter in step.layer.parameters_as_trained(step.input_shape)
        )

    def noise(self, shape: Shape) -> tuple[Mask | UniformNoise, ...]:
        return tuple(
            noise.model_copy(update={"name": f"{step.name}/{noise.name}"})
            for step in self._steps(shape)
            for noise in step.layer.noise(step.input_shape)
        )

    def multiply_adds(self, shape: Shape) -> int:
        return sum(step.layer.multiply_adds(step.input_shape) for step in self._steps(shape))

    def shapes_out(self, shape: Shape) -> tuple[Shape, ...]:
        """The shape of each row's output for an input of `shape`; a row without layers passes its input on."""
        rows = (in_a_row(row, shape, prefix) for prefix, row in self.rows)
        return tuple(steps[-1].output_shape if steps else shape for steps in rows)

    def _steps(self, shape: Shape) -> tuple[Step, ...]:
        return tuple(step for prefix, row in self.rows for step in in_a_row(row, shape, prefix))
