"""Follows the expressions of a user's code while a model is built or called, to tell which operation made a tensor.

A file that is loaded within `traced_sources` is compiled with every call, operator and index wrapped, so that a
`Watcher` sees its operands and its result. The value of each expression, and the line numbers, stay what they are.
Nothing is written beside the user's files.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from adapters.layer_calls import LayerCall, Recorder
from adapters.protocol import Array
from adapters.source_wrapping import OPERAND, RESULT, SITES, Site, wrapped_tree

OPERATION = "operation "  # begins the name under which an operation of a graph is recorded
MOST_BYTES = 2**30  # recorded of operations; later ones are left out


@dataclass
class Watcher:
    """Notes where the user's code makes layers, and records the operations that it calls.

    `arrays_of`: the arrays of the framework's tensors in some values. `made_by`: the layer that a value is, or the
    operation that a symbolic tensor comes from; else None. `recorder`: None while the model is built.
    """

    arrays_of: Callable[[Sequence[Any]], tuple[Array, ...]]
    made_by: Callable[[Any], Any]
    recorder: Recorder | None = None
    sites: dict[int, tuple[Any, Site]] = field(default_factory=dict)
    _operands: list[tuple[Any, int]] = field(default_factory=list)
    _bytes: int = 0

    def site_of(self, made: Any) -> Site | None:
        """Where the code makes this layer or operation."""
        return self.sites.get(id(made), (None, None))[1]

    def operand(self, value: Any) -> None:
        self._operands.append((value, len(self.recorder.calls) if self.recorder else 0))

    def result(self, site: Site, value: Any) -> None:
        count = len(site.operands)
        operands, self._operands[len(self._operands) - count :] = self._operands[-count:], []
        made = self.made_by(value)
        if made is not None:
            self.sites.setdefault(id(made), (made, site))
        elif self.recorder is not None and len(operands) == count:
            self._record(self.recorder, site, [operand for operand, _ in operands], operands[-1][1], value)

    def _record(self, recorder: Recorder, site: Site, operands: Sequence[Any], start: int, value: Any) -> None:
        made = recorder.calls[start:]
        if made:  # a layer, or a function of the user's whose parts are recorded
            text = site.text if len(made) == 1 else ""
            recorder.calls[start:] = [
                call if call.source else replace(call, source=site.where, text=text) for call in made
            ]
            return
        ys = self._arrays(value)
        self._bytes += sum(y.nbytes for y in ys)
        if not ys or self._bytes > MOST_BYTES:
            return
        name, given = site.name, operands
        if not name:  # a call, whose first operand is the function
            name, given = _name(operands[0]), [_receiver(operands[0]), *operands[1:]]
        texts, xs = list[str](), list[Array]()
        for text, operand in zip(site.operands, given, strict=True):
            found = self._arrays(operand)
            xs += found
            texts += [text] * len(found)
        recorder.record(LayerCall("", name, tuple(xs), ys, source=site.where, text=site.text, operands=tuple(texts)))

    def _arrays(self, value: Any) -> tuple[Array, ...]:
        if isinstance(value, np.ndarray):
            return (value.copy(),) if value.dtype.kind in "fiub" else ()  # it may be changed in place later
        return self.arrays_of([value])


def with_sources(calls: Sequence[LayerCall], made: Mapping[str, Any], watcher: Watcher) -> list[LayerCall]:
    """The calls, each with its place in the user's code: where it is called, or where its layer is made.

    `made`: by name, the layers and the operations that were recorded. Operations lose their names.
    """
    sourced = []
    for call in calls:
        site = watcher.site_of(made.get(call.layer.removesuffix(".activation")))
        if call.layer and site is not None and not call.text:
            call = replace(call, source=site.where, text=site.text)
        sourced.append(replace(call, layer="") if call.layer.startswith(OPERATION) else call)
    return sourced


def _name(function: Any) -> str:
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) else type(function).__name__


def _receiver(function: Any) -> Any:
    """What a bound method is called on; a module for a built-in function, and then nothing."""
    owner = getattr(function, "__self__", None)
    return None if isinstance(owner, ModuleType) else owner


_ACTIVE: list[Watcher] = []  # the innermost is asked
_FOLDERS: list[Path] = []


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """The context in which the watcher sees what traced files compute."""
    _ACTIVE.append(watcher)
    try:
        yield
    finally:
        _ACTIVE.remove(watcher)


@contextmanager
def traced_sources(folder: Path) -> Iterator[None]:
    """The context in which files of this folder, and modules that they import from it, are loaded to be watched."""
    finder = _Finder(folder)
    set_aside = {name: module for name, module in sys.modules.items() if _lies_in(module, folder)}
    for name in set_aside:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    _FOLDERS.append(folder)
    try:
        yield
    finally:
        _FOLDERS.remove(folder)
        sys.meta_path.remove(finder)
        for name in [name for name, module in sys.modules.items() if _lies_in(module, folder)]:
            del sys.modules[name]
        sys.modules.update(set_aside)


def traced_loader(name: str, path: Path) -> importlib.abc.Loader | None:
    """The loader of a file to be watched; None where nothing is watched."""
    return _Loader(name, str(path)) if _FOLDERS else None


def _lies_in(module: Any, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and Path(file).is_relative_to(folder) and "site-packages" not in file


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        spec = importlib.machinery.PathFinder.find_spec(fullname, path or [str(self.folder)])
        if spec is None or not isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            return None
        if not Path(spec.loader.path).is_relative_to(self.folder) or "site-packages" in spec.loader.path:
            return None
        spec.loader = _Loader(fullname, spec.loader.path)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        """The code compiled anew: a cached one is not wrapped, and this one must not be cached."""
        wrapped = wrapped_tree(self.get_data(self.path), self.path, Path(self.path).name)
        return compile(wrapped, self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update({OPERAND: _operand, RESULT: _result})
        super().exec_module(module)


def _operand(value: Any) -> Any:
    if _ACTIVE:
        _ACTIVE[-1].operand(value)
    return value


def _result(site: int, value: Any) -> Any:
    if _ACTIVE:
        _ACTIVE[-1].result(SITES[site], value)
    return value
