"""The layers of a model as a table, as `twinrun show-model` prints them."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from harness.report.tables import console, draw
from harness.spec.model import Model, PlacedLayer

HEAD = ["layer", "kind", "output shape", "parameters", "multiply-adds"]


def rows(model: Model) -> list[list[str]]:
    """A row for each layer, and for those inside it, whose parameters count for the outer one too."""
    return [row for placed in model.placed_layers() for row in _rows(placed, 0)]


def totals(model: Model) -> list[str]:
    """What is said below the table: the parameters, those of them that are not learned, and the multiply-adds."""
    fixed = sum(prod(parameter.shape) for parameter in model.parameters() if not parameter.trainable)
    of_them = f", of them {fixed:,} that the layers themselves update" if fixed else ""
    return [
        f"{model.parameter_count:,} parameters{of_them}",
        f"{model.multiply_adds:,} multiply-adds for a forward pass of one sample",
    ]


def show(model: Model) -> None:
    """Prints the table."""
    screen = console()
    draw(screen, f"Input {' x '.join(map(str, model.input.shape))}", HEAD, rows(model))
    for text in totals(model):
        screen.print(text, soft_wrap=True)


def _rows(placed: PlacedLayer, depth: int) -> Iterator[list[str]]:
    count = sum(prod(parameter.shape) for parameter in placed.parameters)
    adds = placed.layer.multiply_adds(placed.input_shape)
    shape = " x ".join(map(str, placed.output_shape))
    name = "  " * depth + placed.name
    yield [name, placed.layer.word(), shape, f"{count:,}" if count else "", f"{adds:,}" if adds else ""]
    for inner in placed.inner:
        yield from _rows(inner, depth + 1)
