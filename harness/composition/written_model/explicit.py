"""What has become of a written model: its explicit form, from where each part comes, and the mistakes in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from harness.composition.fields import dotted
from harness.composition.mistakes import Mistake

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
    why they have their value, where the layer itself does not state it plainly.
    """

    tree: Any
    origins: dict[Path, Path] = field(default_factory=dict)
    notes: dict[Path, Note] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def written(self, path: Path) -> Path:
        """The path of what was written for a path of the explicit model."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                return (*self.origins[path[:length]], *path[length:])
        return path

    def as_written(self, mistake: Mistake) -> Mistake:
        """A mistake in the explicit model as one in the written model."""
        path = self.written(mistake.path)
        text = mistake.text
        if path != mistake.path:
            text = text.replace(dotted(mistake.path), dotted(path), 1)
            for length in range(len(mistake.path) - 1, 2, -1):  # keys beside it, which an advice names
                above = mistake.path[:length]
                text = text.replace(f"{dotted(above)}.", f"{dotted(self.written(above))}.")
        elif mistake.path == ("model",):
            text = _PLACE_OF_LAYER.sub(self._with_place, text)
        return replace(mistake, path=path, text=text)

    def _with_place(self, match: re.Match[str]) -> str:
        path = ("model", "layers", match[1])
        written = self.written(path)
        return match[0] if written == path else f"layer {match[1]}, written as {dotted(written)} ("
