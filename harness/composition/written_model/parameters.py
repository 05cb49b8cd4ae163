"""The parameters of a model or a block: whole numbers by name, each of which may use those before it."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from typing import Any

from harness.composition.fields import dotted
from harness.composition.mistakes import Mistake, nearest, shown
from harness.composition.written_model.arithmetic import ArithmeticMistake, names_in, whole_number
from harness.composition.written_model.explicit import ExplicitModel, Path

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TAKEN = ("block", "kind", "name")


def evaluated(stated: Any, outer: Mapping[str, int], path: Path, model: ExplicitModel) -> dict[str, int] | None:
    """The values of parameters; None, and a mistake, if they have none.

    `outer`: those that they may use besides one another.
    """
    if not isinstance(stated, Mapping):
        _add(model, path, f"given {shown(stated)}; allowed: a mapping from names to whole numbers")
        return None
    values: dict[str, int] = {}
    is_whole = True
    for name, value in stated.items():
        place = (*path, name)
        if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name in _TAKEN:
            _add(model, place, "this cannot be the name of a parameter; allowed: letters, digits and _, as in width")
        elif isinstance(value, int) and not isinstance(value, bool):
            values[name] = value
            continue
        elif isinstance(value, str):
            try:
                values[name] = whole_number(value, {**outer, **values})
                continue
            except ArithmeticMistake as mistake:
                _add(model, place, str(mistake))
        else:
            _add(
                model, place, f"given {shown(value)}; allowed: a whole number or arithmetic of the parameters before it"
            )
        is_whole = False
    return values if is_whole else None


def refuse_unused(stated: Mapping[str, Any], used_in: Any, path: Path, model: ExplicitModel) -> None:
    """Adds a mistake for each parameter that nothing uses, such as one whose name was mistyped on the command line."""
    used = _names(used_in) | {name for value in stated.values() for name in _names(value)}
    unused = [name for name in stated if name not in used]
    for name in unused:
        near = nearest(name, [other for other in stated if other not in unused])
        advice = f"; did you mean {dotted((*path, near))}?" if near else ""
        _add(model, (*path, name), f"no layer uses this parameter{advice}")


def _names(node: Any) -> set[str]:
    """The names in all texts below a node, as far as they are arithmetic."""
    if isinstance(node, str):
        return set(names_in(node))
    below = list(node.values()) if isinstance(node, Mapping) else node if isinstance(node, list) else []
    return set().union(*map(_names, below)) if below else set()


def _add(model: ExplicitModel, path: Path, text: str) -> None:
    model.mistakes.append(Mistake(path, f"{dotted(path)}: {text}", covers_below=True))
