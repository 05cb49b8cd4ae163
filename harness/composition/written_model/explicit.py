"""What has become of a written model: its explicit form, from where each part comes, and the mistakes in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.composition.fields import dotted
from harness.composition.mistakes import Mistake
from harness.composition.written_model.defaults import other_practices

Path = tuple[str, ...]
_PLACE_OF_LAYER = re.compile(r"\blayer (\d+) \(")


@dataclass(frozen=True)
class Note:
    """Where a value of the explicit model comes from. `word` and `field`: of a default of the table, else empty."""

    text: str
    word: str = ""
    field: str = ""


@dataclass
class ExplicitModel:
    """The explicit model as plain containers.

    `origins`: for paths of the explicit model the path of what was written. `notes`: for paths of the explicit model
    why they have their value, where the layer itself does not state it plainly. `refused`: the written paths below
    which the validation has nothing to say, because of a mistake that is reported here.
    """

    tree: Any
    origins: dict[Path, Path] = field(default_factory=dict)
    notes: dict[Path, Note] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    refused: set[Path] = field(default_factory=set)

    def written(self, path: Path) -> Path:
        """The path of what was written for a path of the explicit model."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                return (*self.origins[path[:length]], *path[length:])
        return path

    def explained(self) -> dict[Path, str]:
        """By path, where a value comes from: of defaults also what frameworks do, if it is something else."""
        return {path: _explained(note) for path, note in self.notes.items()}

    def in_order(self, plain: Any) -> Any:
        """The validated model in plain containers, its keys in the order in which this one has them."""
        return _in_order(plain, self.tree)

    def as_written(self, mistake: Mistake) -> Mistake:
        """A mistake in the explicit model as one in the written model."""
        path = self.written(mistake.path)
        text = mistake.text
        if path != mistake.path:
            before, place, rest = text.partition(dotted(mistake.path))
            above = mistake.path[:-1]  # keys beside it, which an advice names
            rest = rest.replace(f"{dotted(above)}.", f"{dotted(self.written(above))}.")
            text = f"{before}{dotted(path) if place else ''}{rest}"
        elif mistake.path == ("model",):
            text = _PLACE_OF_LAYER.sub(self._with_place, text)
        return replace(mistake, path=path, text=text)

    def _with_place(self, match: re.Match[str]) -> str:
        path = ("model", "layers", match[1])
        written = self.written(path)
        return match[0] if written == path else f"layer {match[1]}, written as {dotted(written)} ("


def _explained(note: Note) -> str:
    if not note.word:
        return note.text
    others = [f"{framework}: {meaning}" for framework, meaning in other_practices(note.word, note.field).items()]
    return "; ".join([note.text, *others])


def _in_order(node: Any, like: Any) -> Any:
    if isinstance(node, dict) and isinstance(like, Mapping):
        keys = [*(key for key in like if key in node), *(key for key in node if key not in like)]
        return {key: _in_order(node[key], like.get(key)) for key in keys}
    if isinstance(node, list) and isinstance(like, list) and len(node) == len(like):
        return [_in_order(item, other) for item, other in zip(node, like, strict=True)]
    return node
