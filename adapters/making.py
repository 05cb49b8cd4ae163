"""From how a word is made to what makes it: functions of files that import a framework, named before it is imported.

The tables in `realisations/` say both in one row. They are read where no framework is installed, so that they name the
functions of the file beside them through `Makers`, and that file is imported when the first is called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from adapters.protocol import UnsupportedSpecError
from adapters.setting import Entries, Make, Setting, Way, chosen, look_up, unsupported
from harness.spec.base import Word


@dataclass(frozen=True)
class Maker:
    """The function `name` of a module, which is imported when it is called."""

    module: str
    name: str

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)

    @property
    def function(self) -> Callable[..., Any]:
        """AttributeError where the module has none of that name."""
        function: Callable[..., Any] = getattr(import_module(self.module), self.name)
        return function


class Makers:
    """The functions of a module, as `Maker`s, by their names."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Maker:
        if name.startswith("_"):
            raise AttributeError(name)
        return Maker(self._module, name)


def maker(entries: Entries, word: Word, setting: Setting) -> Make:
    """What makes the word in this setting; UnsupportedSpecError, with the reason, where nothing does."""
    choice = chosen(entries.get(type(word), unsupported("")), word, setting)
    if isinstance(choice, Way):
        return choice.make
    reason = look_up(entries, word, setting).reason
    raise UnsupportedSpecError(
        reason or f"the {setting.adapter} adapter has no function for {word.family} {word.word()}"
    )
