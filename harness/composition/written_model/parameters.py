"""The parameters of a model or a block: whole numbers by name, each of which may use the others."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from typing import Any

from harness.composition.fields import dotted
from harness.composition.mistakes import Mistake, nearest, shown
from harness.composition.written_model.arithmetic import ArithmeticMistake, names_in, whole_number
from harness.composition.written_model.explicit import ExplicitModel, Path

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ABOVE = ("model", "parameters")
_TAKEN = ("block", "kind", "name")


def evaluated(stated: Any, outer: Mapping[str, int], path: Path, model: ExplicitModel) -> dict[str, int] | None:
    """The values of parameters; None, and a mistake, if they have none. Each may use the others, in any order.

    `outer`: those that they may use besides one another.
    """
    if not isinstance(stated, Mapping):
        _add(model, path, f"given {shown(stated)}; allowed: a mapping from names to whole numbers")
        return None
    values: dict[str, int] = {}
    pending: dict[str, str] = {}
    wrong: set[str] = set()
    for name, value in stated.items():
        place = (*path, name)
        if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name in _TAKEN:
            _add(model, place, "this cannot be the name of a parameter; allowed: letters, digits and _, as in width")
        elif isinstance(value, int) and not isinstance(value, bool):
            values[name] = value
            continue
        elif isinstance(value, str):
            pending[name] = value
            continue
        else:
            _add(model, place, f"given {shown(value)}; allowed: a whole number or arithmetic of other parameters")
        wrong.add(name)
    while pending:
        ready = [name for name, text in pending.items() if not (names_in(text) - {name}) & pending.keys()]
        if not ready:
            circle = ", ".join(pending)
            _add(model, (*path, next(iter(pending))), f"the parameters {circle} refer to one another in a circle")
            return None
        for name in ready:
            text = pending.pop(name)
            if names_in(text) & wrong:
                wrong.add(name)  # what it needs is reported
                continue
            try:
                values[name] = whole_number(text, {**outer, **values})
            except ArithmeticMistake as mistake:
                _add(model, (*path, name), str(mistake))
                wrong.add(name)
    return None if wrong else values


def refuse_unused(typed: Iterable[str], stated: Mapping[str, Any], used_in: Any, model: ExplicitModel) -> None:
    """Adds a mistake for each parameter that was typed and that nothing uses: probably its name is misspelt."""
    used = _names(used_in) | {name for value in stated.values() for name in _names(value)}
    for name in typed:
        if name in stated and name not in used:
            near = nearest(name, [other for other in stated if other in used])
            advice = f"; did you mean {dotted((*ABOVE, near))}?" if near else ""
            _add(model, (*ABOVE, name), f"no layer uses this parameter{advice}")


def _names(node: Any) -> set[str]:
    """The names in all texts below a node, as far as they are arithmetic."""
    if isinstance(node, str):
        return set(names_in(node))
    below = list(node.values()) if isinstance(node, Mapping) else node if isinstance(node, list) else []
    return set().union(*map(_names, below)) if below else set()


def _add(model: ExplicitModel, path: Path, text: str) -> None:
    model.mistakes.append(Mistake(path, f"{dotted(path)}: {text}", covers_below=True))
