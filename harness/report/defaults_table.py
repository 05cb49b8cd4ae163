"""The table of `twinrun words --defaults`: what a layer's field gets that is left out, here and in each framework."""

from __future__ import annotations

import adapters
from harness.composition.written_model.defaults import Default, omittable, practices, words
from harness.report.tables import as_markdown, console, draw


def table(family: str | None) -> tuple[list[str], list[list[str]]]:
    """Head and rows. `family`: the words of this family alone.

    A field of every layer with one default is one row. Names of layers are no row: their default has no effect.
    """
    frameworks = adapters.frameworks()
    head = ["word", "field", "default", *(adapters.info(name).title for name in frameworks), "source"]
    shared = _of_every_layer()
    rows = [
        ["every layer", field, default.shown, *("" for _ in frameworks), default.source]
        for field, default in (shared if family in (None, "layer") else {}).items()
    ]
    for word, spec in words().items():
        if family is not None and spec.family != family:
            continue
        for field, default in omittable(spec).items():
            if field == "name" or field in shared:
                continue
            stated = [practices(name).get((word, field)) for name in frameworks]
            meanings = [practice.meaning if practice is not None else "" for practice in stated]
            rows.append([word, field, default.shown, *meanings, default.source])
    return head, rows


def _of_every_layer() -> dict[str, Default]:
    """The fields that every layer has with one default, which no framework's classes have as an argument."""
    first, *others = (omittable(spec) for spec in words().values() if spec.family == "layer")
    stated = {field for name in adapters.frameworks() for _, field in practices(name)}
    return {
        field: default
        for field, default in first.items()
        if field not in {"name", *stated} and all(other.get(field) == default for other in others)
    }


def show(family: str | None, markdown: bool) -> None:
    """Prints the table."""
    head, rows = table(family)
    if markdown:
        print(as_markdown(head, rows))
    else:
        draw(console(), "What is left out", head, rows, prose=head[2:])
