"""A plugin of coverage: what an arm's process has run is saved with every answer, since the parent ends it by SIGKILL.

`[tool.coverage.run]` of pyproject.toml names it, so that it is loaded in every measured process.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from coverage import Coverage

CHANNEL = "harness.worker.channel"
LAST_EVENTS = ("done", "failed")  # after which the parent may kill the process


def coverage_init(registry: Any, options: Any) -> None:
    """Called by coverage when it starts. The channel is imported later, so that its own lines are measured too."""
    sys.meta_path.insert(0, _ChannelFinder())


class _ChannelFinder(MetaPathFinder):
    """Finds the module of the channel once, and has its loader change what the module sends by."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != CHANNEL:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = _saving(spec.loader)
        return spec


def _saving(loader: Loader) -> Callable[[ModuleType], None]:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        send = module.Channel.send

        def saved_and_sent(channel: Any, event: str, **fields: Any) -> None:
            measured = Coverage.current()
            if event in LAST_EVENTS and measured is not None:
                with suppress(Exception):  # a disk that is full under test; measuring must change nothing
                    measured.save()
            send(channel, event, **fields)

        module.Channel.send = saved_and_sent

    return exec_module
