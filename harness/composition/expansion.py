"""Names of arms and of a suite's schedules, replaced by what their files hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.composition.groups import ConfigGroups, UnreadableError
from harness.composition.mistakes import Mistake, nearest, no_such, shown
from harness.composition.overrides import LISTS_OF_FILES, merged

Tree = dict[str, Any]
EVERY_FILE = "all"


@dataclass
class Expansion:
    """Expands lists of names; reads each file once, however often a config is composed anew to find its mistakes."""

    groups: ConfigGroups
    _read: dict[tuple[str, str], Tree] = field(default_factory=dict)

    def expanded(self, tree: Tree) -> tuple[Tree, list[Mistake]]:
        """The lists of `tree` as specs, with `arm` merged into every arm, and what was wrong with the names.

        An entry is a name, a mapping with `use: NAME` and fields over that file's, or a spec written in full.
        """
        mistakes: list[Mistake] = []
        lists: Tree = {key: self._list(key, tree[key], mistakes) for key in LISTS_OF_FILES if key in tree}
        over_all = tree.get("arm") or {}
        if not isinstance(over_all, Mapping):
            mistakes.append(Mistake(("arm",), f"arm: given {shown(over_all)}; allowed: a mapping of fields"))
            over_all = {}
        if isinstance(lists.get("arms"), list):
            lists["arms"] = _with_distinct_names([merged(arm, over_all) for arm in lists["arms"]])
        return lists, mistakes

    def _list(self, key: str, entries: Any, mistakes: list[Mistake]) -> Any:
        group = LISTS_OF_FILES[key]
        options = self.groups.options(group)
        if entries == EVERY_FILE:
            entries = list(options)
        elif isinstance(entries, str):
            mistakes.append(Mistake((key,), f"{key}: given {shown(entries)}; a list is written {key}=[{entries}]"))
            entries = [entries]
        if not isinstance(entries, list):
            return entries  # the validation says what is allowed
        uses = [_file_used(entry) for entry in entries]
        for index, name in enumerate(uses):
            if name is not None and name not in options:
                path = (key, str(index))
                mistakes.append(Mistake(path, no_such(f"{key}.{index}: there is no {group} {name!r}", name, options)))
                uses[index] = nearest(name, options) or options[0]  # a stand-in, so that the rest can be checked
        self._load(group, {name for name in uses if name is not None}, mistakes)
        return [self._entry(group, entry, name) for entry, name in zip(entries, uses, strict=True)]

    def _entry(self, group: str, entry: Any, name: str | None) -> Any:
        if name is None:
            return entry
        over = {field: value for field, value in entry.items() if field != "use"} if isinstance(entry, Mapping) else {}
        return merged(self._read[group, name], over)

    def _load(self, group: str, names: set[str], mistakes: list[Mistake]) -> None:
        unread = sorted(name for name in names if (group, name) not in self._read)
        for name, content in self._contents(group, unread, mistakes).items():
            self._read[group, name] = content

    def _contents(self, group: str, names: list[str], mistakes: list[Mistake]) -> dict[str, Tree]:
        try:
            return self.groups.contents(group, names)
        except UnreadableError as error:
            if len(names) == 1:
                mistakes.append(Mistake((), f"conf file {group}/{names[0]}.yaml: {error}"))
                return {names[0]: {}}
            # One of them is at fault: find out which.
            return {name: self._contents(group, [name], mistakes)[name] for name in names}


def _file_used(entry: Any) -> str | None:
    if isinstance(entry, Mapping):
        return str(entry["use"]) if "use" in entry else None
    return entry if isinstance(entry, str) else None


def _with_distinct_names(arms: list[Any]) -> list[Any]:
    """An arm set beside itself (A against A) gets `_2`, `_3`, ... after its name."""
    taken: set[str] = set()
    distinct: list[Any] = []
    for arm in arms:
        name = arm.get("name") if isinstance(arm, Mapping) else None
        if isinstance(name, str):
            number, free = 1, name
            while free in taken:
                number += 1
                free = f"{name}_{number}"
            taken.add(free)
            arm = {**arm, "name": free}
        distinct.append(arm)
    return distinct
