"""Attention over the steps of a sequence (steps, features), and what tells the steps apart."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, field_validator

from harness.spec.activations import Activation, Linear, Softmax
from harness.spec.base import Word
from harness.spec.initializers import AnyInitializer, Normal, XavierUniform, Zeros
from harness.spec.layers.base import Layer
from harness.spec.layers.recurrent import sequence
from harness.spec.numbers import Count
from harness.spec.parameters import Mask, Parameter, Shape

Allowed = Annotated[int, Field(ge=0, le=1)]


class MultiHeadAttention(Layer):
    """Self-attention of several heads (Vaswani et al., 2017), x (steps, features) to the same shape.

    Of each head: `softmax(scale * q k^T) v`, with `q = x query_kernel + query_bias`, and k and v likewise. Its softmax
    is over the steps that `mask` allows to be looked at: of step t all (`none`), those up to t (`causal`), or those
    where row t of a matrix (steps, steps) is 1. `scale` is 1 / sqrt(key_size) unless stated. In training each weight of
    the softmax is dropped with probability `dropout`, the others are divided by 1 - dropout. The output is
    `sum over heads of head output_kernel, + output_bias`.

    query_kernel and key_kernel are (features, heads, key_size), value_kernel is (features, heads, value_size),
    output_kernel (heads, value_size, features); each is drawn as the matrix that all heads make up. value_size is
    key_size unless stated.
    """

    kind: Literal["multi_head_attention"] = "multi_head_attention"
    heads: Count
    key_size: Count
    value_size: Count | None = None
    scale: Annotated[float, Field(gt=0)] | None = None
    mask: Literal["none", "causal"] | tuple[tuple[Allowed, ...], ...] = "none"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    kernel_initializer: AnyInitializer
    use_bias: bool = True
    bias_initializer: AnyInitializer = Zeros()

    @field_validator("mask")
    @classmethod
    def _square(cls, mask: object) -> object:
        if isinstance(mask, tuple):
            widths = {len(row) for row in mask}
            if widths != {len(mask)}:
                raise ValueError(
                    f"a mask has as many columns as rows, got {len(mask)} rows of {sorted(widths)} columns"
                )
            blind = [number for number, row in enumerate(mask) if not any(row)]
            if blind:
                raise ValueError(f"a mask lets every step look at one at least, got rows of zeros: {blind}")
        return mask

    @classmethod
    def specimens(cls) -> tuple[MultiHeadAttention, ...]:
        drawn = {"kernel_initializer": XavierUniform(), "bias_initializer": Normal(stddev=0.5)}
        rows = ((1, 1, 0, 0), (1, 1, 1, 0), (0, 1, 0, 1), (1, 0, 0, 0))
        return (
            cls(heads=2, key_size=3, **drawn),
            cls(heads=2, key_size=3, mask="causal", dropout=0.3, **drawn),
            cls(heads=2, key_size=3, value_size=2, scale=0.8, mask=rows, use_bias=False, **drawn),
        )

    @property
    def name_in_tables(self) -> str:
        mask = "" if self.mask == "none" else "causal" if self.mask == "causal" else "masked"
        scale = "" if self.scale is None else "scaled"
        dropout = f"dropout {self.dropout:g}" if self.dropout else ""
        return " ".join(filter(None, [self.word(), mask, scale, dropout, "" if self.use_bias else "no bias"]))

    @property
    def sizes(self) -> tuple[int, int]:
        """The size of a head's keys and of its values."""
        return self.key_size, self.key_size if self.value_size is None else self.value_size

    @property
    def factor(self) -> float:
        """The factor of the scores."""
        return 1 / math.sqrt(self.key_size) if self.scale is None else self.scale

    def output_shape(self, shape: Shape) -> Shape:
        steps, _ = sequence(shape, self.word())
        if isinstance(self.mask, tuple) and len(self.mask) != steps:
            raise ValueError(
                f"{self.word()}: the mask has {len(self.mask)} x {len(self.mask)} entries, "
                f"the sequence has {steps} steps, which takes {steps} x {steps}"
            )
        return shape

    def allowed(self, steps: int) -> tuple[tuple[int, ...], ...] | None:
        """By row the steps that a step may look at, as 1; None where it may look at all."""
        if self.mask == "none":
            return None
        if self.mask == "causal":
            return tuple(tuple(int(column <= row) for column in range(steps)) for row in range(steps))
        return self.mask

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        _, features = sequence(shape, self.word())
        (keys, values), heads = self.sizes, self.heads
        parameters: list[Parameter] = []

        def add(role: str, kernel: Shape, drawn_as: Shape, bias: Shape) -> None:
            stated = {"shape": kernel, "drawn_as": drawn_as, "initializer": self.kernel_initializer}
            parameters.append(Parameter(name=f"{role}_kernel", **stated))
            if self.use_bias:
                parameters.append(Parameter(name=f"{role}_bias", shape=bias, initializer=self.bias_initializer))

        for role, size in (("query", keys), ("key", keys), ("value", values)):
            add(role, (features, heads, size), (features, heads * size), (heads, size))
        add("output", (heads, values, features), (heads * values, features), (features,))
        return tuple(parameters)

    def noise(self, shape: Shape) -> tuple[Mask, ...]:
        steps, _ = sequence(shape, self.word())
        mask = Mask(name="mask", shape=(self.heads, steps, steps), drop_rate=self.dropout)
        return (mask,) if self.dropout else ()

    def multiply_adds(self, shape: Shape) -> int:
        steps, features = sequence(shape, self.word())
        width = self.heads * sum(self.sizes)
        return 2 * steps * features * width + steps * steps * width

    def computed_within(self, shape: Shape) -> int:
        steps, _ = sequence(shape, self.word())
        keys, values = self.sizes
        # Queries, keys, values and their means; scores, and their softmax before and after dropout.
        return self.heads * steps * (2 * keys + 2 * values + (3 if self.dropout else 2) * steps)

    @property
    def last_activation(self) -> Activation:
        return Linear()

    @property
    def implied_words(self) -> tuple[Word, ...]:
        return (Softmax(),)

    def specimen_shape(self) -> Shape:
        return (4, 5)


class PositionEmbedding(Layer):
    """`x + embeddings`, embeddings (steps, features): one learned vector for every step (Gehring et al., 2017)."""

    kind: Literal["position_embedding"] = "position_embedding"
    embeddings_initializer: AnyInitializer

    @classmethod
    def specimens(cls) -> tuple[PositionEmbedding, ...]:
        return (cls(embeddings_initializer=Normal(stddev=0.02)),)

    def output_shape(self, shape: Shape) -> Shape:
        return sequence(shape, self.word())

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        return (Parameter(name="embeddings", shape=shape, initializer=self.embeddings_initializer),)

    @property
    def last_activation(self) -> Activation:
        return Linear()

    def specimen_shape(self) -> Shape:
        return (4, 3)
