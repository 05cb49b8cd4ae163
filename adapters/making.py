"""Functions that make words, named before the framework that they need is imported.

A row of a table in `realisations/` states how a word is made and by which function. The tables are read where no
framework is installed. Therefore they name the functions through `Makers`, and the module of the functions is imported
at the first call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from adapters.protocol import UnsupportedSpecError
from adapters.setting import Entries, Make, Setting, Way, look_up, resolve, unsupported
from harness.spec.base import Word


@dataclass(frozen=True)
class Maker:
    """The function `name` of a module. The module is imported when the function is called."""

    module: str
    name: str

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)

    @property
    def function(self) -> Callable[..., Any]:
        """The function itself. AttributeError where the module has none of that name."""
        function: Callable[..., Any] = getattr(import_module(self.module), self.name)
        return function


class Makers:
    """The functions of a module as `Maker`s: `makers.NAME` is the one of that name."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Maker:
        if name.startswith("_"):
            raise AttributeError(name)
        return Maker(self._module, name)


def maker(entries: Entries, word: Word, setting: Setting) -> Make:
    """The function that makes the word in this setting; UnsupportedSpecError, with the reason, where there is none."""
    choice = resolve(entries.get(type(word), unsupported("")), word, setting)
    if isinstance(choice, Way):
        return choice.make
    reason = look_up(entries, word, setting).reason
    raise UnsupportedSpecError(
        reason or f"the {setting.adapter} adapter has no function for {word.family} {word.word()}"
    )
