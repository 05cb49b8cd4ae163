"""The layers of a model as a table, as `twinrun show-model` prints them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod

from harness.report.tables import console, draw
from harness.spec.model import Model, PlacedLayer
from harness.spec.parameters import Parameter

HEAD = ["layer", "kind", "output shape", "parameters", "multiply-adds"]


def rows(model: Model) -> list[list[str]]:
    """A row for each layer, and for those inside it, whose parameters count for the outer one too."""
    return [row for placed in model.placed_layers() for row in _rows(placed, 0)]


def totals(model: Model) -> list[str]:
    """What is said below the table: the parameters, those of them that are not trained, and the multiply-adds."""
    parameters = model.parameters()
    trained = _count(parameter for parameter in parameters if parameter.trainable)
    frozen = _count(parameter for parameter in parameters if parameter.frozen)
    kept = model.parameter_count - trained - frozen
    parts = [f"{trained:,} trained", f"{frozen:,} frozen"] if frozen else []
    parts += [f"{kept:,} that the layers themselves update"] if kept else []
    return [
        f"{model.parameter_count:,} parameters" + (f", of them {', '.join(parts)}" if parts else ""),
        f"{model.multiply_adds:,} multiply-adds for a forward pass of one sample",
    ]


def show(model: Model) -> None:
    """Prints the table."""
    screen = console()
    draw(screen, f"Input {' x '.join(map(str, model.input.shape))}", HEAD, rows(model))
    for text in totals(model):
        screen.print(text, soft_wrap=True)


def _count(parameters: Iterable[Parameter]) -> int:
    return sum(prod(parameter.shape) for parameter in parameters)


def _rows(placed: PlacedLayer, depth: int) -> Iterator[list[str]]:
    count = _count(placed.parameters)
    adds = placed.layer.multiply_adds(placed.input_shape)
    shape = " x ".join(map(str, placed.output_shape))
    name = "  " * depth + placed.name
    kind = placed.layer.word() + ("" if placed.layer.trainable else ", frozen")
    yield [name, kind, shape, f"{count:,}" if count else "", f"{adds:,}" if adds else ""]
    for inner in placed.inner:
        yield from _rows(inner, depth + 1)
