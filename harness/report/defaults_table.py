"""The table of `twinrun words --defaults`: what a layer's field gets that is left out, here and in each framework."""

from __future__ import annotations

import adapters
from harness.composition.written_model.defaults import omittable, practices, words
from harness.report.tables import as_markdown, console, draw


def table(family: str | None) -> tuple[list[str], list[list[str]]]:
    """Head and rows. `family`: the words of this family alone. Names of layers are no row: each default is the same."""
    frameworks = adapters.frameworks()
    head = ["word", "field", "default", *(adapters.info(name).title for name in frameworks), "source"]
    rows = []
    for word, spec in words().items():
        if family is not None and spec.family != family:
            continue
        for field, default in omittable(spec).items():
            if field == "name":
                continue
            stated = [practices(name).get((word, field)) for name in frameworks]
            meanings = [practice.meaning if practice is not None else "" for practice in stated]
            rows.append([word, field, default.shown, *meanings, default.source])
    return head, rows


def show(family: str | None, markdown: bool) -> None:
    """Prints the table."""
    head, rows = table(family)
    if markdown:
        print(as_markdown(head, rows))
    else:
        draw(console(), "What is left out", head, rows, prose=head[2:])
