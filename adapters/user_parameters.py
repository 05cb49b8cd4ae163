"""The parts that the `user_parameters.py` of both frameworks share: the pieces of known layers' parameters.

A piece has the canonical layout that both frameworks share: gates in the order of `adapters.gates`, a kernel (in, out)
each for query, key, value and output of an attention, a depthwise kernel (kh, kw, in, multiplier).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from adapters.gates import CANONICAL_ORDERS, GateLayout
from adapters.user_model import OwnParameter
from adapters.views import Step, positions

KERNEL, RECURRENT_KERNEL, BIAS, RECURRENT_BIAS = "kernel", "recurrent_kernel", "bias", "recurrent_bias"
DEPTHWISE_KERNEL = "depthwise_kernel"


def piece(
    parameter: OwnParameter,
    role: str,
    view: Sequence[Step],
    how: str = "",
    part: str = "",
    within: tuple[str, ...] = (),
) -> OwnParameter:
    """A piece of a parameter. `part`: which part of it, empty if it is all of it. `within`: names below its layer's."""
    shape = positions(parameter.shape, view).shape
    name = f"{parameter.name}[{part}]" if part else parameter.name
    place = {"layer": parameter.layer, "path": (*parameter.path, *within)}
    return OwnParameter(
        name, role=role, shape=shape, trainable=parameter.trainable, source=parameter.name, view=tuple(view), how=how,
        **place,  # type: ignore[arg-type]
    )  # fmt: skip


def with_pieces(parameter: OwnParameter, pieces: Sequence[OwnParameter]) -> OwnParameter:
    return replace(parameter, pieces=tuple(pieces))


def recurrent_pieces(
    parameter: OwnParameter, key: str, layout: GateLayout, within: tuple[str, ...]
) -> Sequence[OwnParameter]:
    """The pieces of a recurrent layer's parameter. `key`: its name in `layout`; none if it is none of the layout's."""
    order, canonical = layout.order, CANONICAL_ORDERS[layout.kind]
    numbers = [order.index(gate) for gate in canonical]
    gates: list[Step] = [] if order == canonical else [("blocks", -1, len(order), tuple(numbers))]
    said = [f"gates {', '.join(order)} as {', '.join(canonical)}"] if gates else []
    if key in (layout.kernel, layout.recurrent_kernel):
        role = KERNEL if key == layout.kernel else RECURRENT_KERNEL
        turn: list[Step] = [("permute", (1, 0))] if layout.transposed else []
        how = ["transposed"] if turn else []
        return [piece(parameter, role, [*turn, *gates], ", ".join([*how, *said]), within=within)]
    if key not in layout.biases:
        return []
    if layout.bias == "stacked":
        width = parameter.shape[1]
        return [
            piece(
                parameter,
                role,
                [("blocks", 0, 2, (row,)), ("reshape", (width,)), *gates],
                ", ".join([f"row {row} of two", *said]),
                "recurrent" if row else "input",
                within,
            )
            for row, role in enumerate((BIAS, RECURRENT_BIAS))
        ]
    role = RECURRENT_BIAS if key in layout.biases[1:] else BIAS
    return [piece(parameter, role, gates, ", ".join(said), within=within)]


def flattened_heads(parameter: OwnParameter, role: str, rows: int, within: tuple[str, ...]) -> Sequence[OwnParameter]:
    """The piece of a projection with an axis of heads: its first `rows` axes become one, and the others one."""
    shape = parameter.shape
    flat = tuple(prod(part) for part in (shape[:rows], shape[rows:]) if part)
    how = "" if flat == shape else f"heads merged: {shape} as {flat}"
    view: list[Step] = [] if flat == shape else [("reshape", flat)]
    return [piece(parameter, role, view, how, within=within)]
