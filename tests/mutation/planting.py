"""Plants faults: a module's text is changed in one place, and what was compiled from it runs as the changed text says.

Functions that are in use already get the changed code, whoever holds them (tables, closures, dataclasses, instances'
classes); constants are changed wherever they were imported. All is undone at the end. The changed text lies in a file
of its own, since MindSpore compiles from source.
"""

from __future__ import annotations

import gc
import importlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import _lru_cache_wrapper
from itertools import chain
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

OURS = ("adapters", "harness")


@dataclass(frozen=True)
class Edit:
    """In the text of `module`, `new` in place of `old`, which must stand there once."""

    module: str
    old: str
    new: str


@contextmanager
def planted(edits: Sequence[Edit]) -> Iterator[None]:
    with ExitStack() as stack:
        for edit in edits:
            stack.enter_context(_planted(edit))
        yield


@contextmanager
def _planted(edit: Edit) -> Iterator[None]:
    module = importlib.import_module(edit.module)
    path = Path(str(module.__file__))
    text = path.read_text(encoding="utf-8")
    if text.count(edit.old) != 1:
        raise LookupError(
            f"{edit.module} has {edit.old!r} {text.count(edit.old)} times: the fault must be planted anew"
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / path.name
        file.write_text(text.replace(edit.old, edit.new), encoding="utf-8")
        before, after = (compile(each.read_text(encoding="utf-8"), str(each), "exec") for each in (path, file))
        codes = dict(_changed(before, after))
        functions = [(each, each.__code__) for each in _functions() if each.__code__ in codes]
        constants = _constants(module, before, after)
        if not functions and not constants:
            raise LookupError(
                f"nothing in use is of {edit.old!r} in {edit.module}, or its file has changed since it was imported"
            )
        holders = [module, *(holder for holder, *_ in constants)]
        for function, code in functions:
            function.__code__ = codes[code]
        for holder, name, _, new in constants:
            setattr(holder, name, new)
        _forget(holders)
        try:
            yield
        finally:
            for function, code in functions:
                function.__code__ = code
            for holder, name, old, _ in constants:
                setattr(holder, name, old)
            _forget(holders)


def _forget(modules: Sequence[ModuleType]) -> None:
    """Empties the caches of these modules, which would keep values from before a fault or from its time."""
    for value in chain.from_iterable(vars(module).values() for module in modules):
        if isinstance(value, _lru_cache_wrapper):
            value.cache_clear()


def _functions() -> list[FunctionType]:
    return [each for each in gc.get_objects() if type(each) is FunctionType]


def _changed(before: CodeType, after: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The code of every function that the edit changes, by what it was; of a changed line's followers too."""
    one_by_one = _within(before), _within(after)
    if [each.co_name for each in one_by_one[0]] != [each.co_name for each in one_by_one[1]]:
        return  # a function that has others within it now is changed as a whole
    for one, other in zip(*one_by_one, strict=True):
        if not _alike(one, other):
            yield one, other
        yield from _changed(one, other)


def _within(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if isinstance(each, CodeType)]


def _alike(one: CodeType, other: CodeType) -> bool:
    """Whether the two do the same; where they stand in the text plays no part."""
    plain = [[each for each in code.co_consts if not isinstance(each, CodeType)] for code in (one, other)]
    inner = zip(_within(one), _within(other), strict=False)
    return (
        (one.co_code, one.co_names, one.co_varnames, one.co_freevars)
        == (other.co_code, other.co_names, other.co_varnames, other.co_freevars)
        and repr(plain[0]) == repr(plain[1])
        and len(_within(one)) == len(_within(other))
        and all(_alike(*each) for each in inner)
    )


def _constants(module: ModuleType, before: CodeType, after: CodeType) -> list[tuple[ModuleType, str, Any, Any]]:
    """Who holds each number, text or tuple of these that the module's own lines now make otherwise."""
    if _top(before) == _top(after):
        return []
    made: dict[str, Any] = {"__name__": module.__name__, "__file__": module.__file__}
    exec(after, made)
    kinds = (bool, int, float, str, tuple)
    own = {name: value for name, value in vars(module).items() if isinstance(value, kinds) and name in made}
    changed = {name: made[name] for name, value in own.items() if type(made[name]) in kinds and made[name] != value}
    ours = [each for name, each in list(sys.modules.items()) if name.partition(".")[0] in OURS]
    return list(
        chain.from_iterable(
            [(each, name, own[name], new) for each in ours if vars(each).get(name) is own[name]]
            for name, new in changed.items()
        )
    )


def _top(code: CodeType) -> str:
    return repr([code.co_code, [each for each in code.co_consts if not isinstance(each, CodeType)]])
