"""The names of tensors in answers and files: of which kind, of which parameter or layer, at which step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harness.records.array_types import Array

_TEXT = re.compile(r"(?P<kind>[^/]*?)(?: (?P<step>0|[1-9][0-9]*))?(?:/(?P<of>.+))?", re.DOTALL)


class TensorKey(str):
    """The name of one tensor: `kind`, `kind/of`, `kind step`, or `kind step/of`.

    It is a string, so that it serves as the key of a dictionary, of an `.npz` file and of a table alike, and it keeps
    the parts from which it was made. `kind`: what the tensor is (`weight`, `gradient`, `loss`, `after`, ...), without a
    slash and not ending in a number. `of`: the parameter or layer that it belongs to, by its full name
    (`dense/kernel`); empty if there is none. `step`: the step, or the number of updates, that it belongs to; None if
    there is none.
    """

    __slots__ = ("kind", "of", "step")
    kind: str
    of: str
    step: int | None

    def __new__(cls, kind: str, of: str = "", step: int | None = None) -> TensorKey:
        head = kind if step is None else f"{kind} {step}"
        key = super().__new__(cls, f"{head}/{of}" if of else head)
        key.kind, key.of, key.step = kind, of, step
        return key

    def __getnewargs__(self) -> tuple[str, str, int | None]:  # type: ignore[override]
        return self.kind, self.of, self.step

    @property
    def layer(self) -> str:
        """The layer of the parameter `of`: its name without the last part."""
        return self.of.rpartition("/")[0]

    @classmethod
    def parse(cls, text: str) -> TensorKey:
        """The key with this text, as read from a file or a record. Text of another form is all of it the kind."""
        if isinstance(text, cls):
            return text
        parts = _TEXT.fullmatch(text)
        if parts is None:
            return cls(text)
        step = parts["step"]
        return cls(parts["kind"], parts["of"] or "", None if step is None else int(step))


def keyed(kind: str, arrays: Mapping[str, Any], step: int | None = None) -> dict[str, Any]:
    """Arrays by parameter or layer, as arrays by key: `{"kernel": w}` becomes `{"weight/kernel": w}`."""
    return {TensorKey(kind, name, step): value for name, value in arrays.items()}


def only(arrays: Mapping[str, Array], kind: str) -> dict[str, Array]:
    """The arrays of a kind, of every step, by their keys."""
    return {key: arrays[key] for key in map(TensorKey.parse, arrays) if key.kind == kind}


def of_kind(arrays: Mapping[str, Array], kind: str, step: int | None = None) -> dict[str, Array]:
    """The arrays of a kind and step by parameter or layer: the inverse of `keyed`."""
    selected = ((TensorKey.parse(name), value) for name, value in arrays.items())
    return {key.of: value for key, value in selected if (key.kind, key.step) == (kind, step)}


def prefixed(prefix: object, arrays: Mapping[Any, Any]) -> dict[str, Any]:
    """The arrays with a number or a name before their keys: `0/weight/kernel`."""
    return {f"{prefix}/{name}": value for name, value in arrays.items()}


def below(arrays: Mapping[str, Array], prefix: object) -> dict[str, Array]:
    """The arrays whose names begin with a number or a name, by the rest of their names: the inverse of `prefixed`."""
    start = f"{prefix}/"
    return {name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)}
