"""Replaces the names of arms and of a suite's schedules by the content of their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.composition.groups import ConfigGroups, UnreadableError
from harness.composition.mistakes import Mistake, nearest, no_such, shown
from harness.composition.overrides import LISTS_OF_FILES, overlaid

Tree = dict[str, Any]
EVERY_FILE = "all"
MOST_ENTRIES = 200


@dataclass
class Expansion:
    """Expands lists of names. Each file is read once, though finding all mistakes takes several compositions."""

    groups: ConfigGroups
    _read: dict[tuple[str, str], Tree | UnreadableError] = field(default_factory=dict)

    def expanded(self, tree: Tree) -> tuple[Tree, list[Mistake]]:
        """The lists of `tree` as specs, with `arm` merged into every arm, and the mistakes in the names.

        An entry is a name, a mapping of `use: NAME` and fields that override those of that file, or a complete spec.
        """
        mistakes: list[Mistake] = []
        lists: Tree = {key: self._list(key, tree[key], mistakes) for key in LISTS_OF_FILES if key in tree}
        common_fields = tree.get("arm") or {}
        if not isinstance(common_fields, Mapping):
            mistakes.append(Mistake(("arm",), f"arm: given {shown(common_fields)}; allowed: a mapping of fields"))
            common_fields = {}
        if isinstance(lists.get("arms"), list):
            arms = [overlaid(arm, common_fields) if isinstance(arm, Mapping) else arm for arm in lists["arms"]]
            lists["arms"] = _with_distinct_names(arms)
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
            return entries  # the validation reports the mistake
        if len(entries) > MOST_ENTRIES:
            mistakes.append(Mistake((key,), f"{key}: given {len(entries):,} entries; allowed: 1 to {MOST_ENTRIES}"))
            return []
        uses = [_file_used(entry) for entry in entries]
        for index, name in enumerate(uses):
            if name is not None and name not in options:
                path = (key, str(index))
                mistakes.append(Mistake(path, no_such(f"{key}.{index}: there is no {group} {name!r}", name, options)))
                uses[index] = nearest(name, options) or options[0]  # a replacement, so that the rest can be checked
        self._load(group, [name for name in uses if name is not None])
        for index, name in enumerate(uses):
            if name is not None and isinstance(fault := self._read[group, name], UnreadableError):
                text = f"{key}.{index}: conf file {group}/{name}.yaml: {fault}"
                mistakes.append(Mistake((key, str(index)), text, covers_below=True))
        return [self._entry(group, entry, name) for entry, name in zip(entries, uses, strict=True)]

    def _entry(self, group: str, entry: Any, name: str | None) -> Any:
        """The content of the file `name` with the fields of the entry over it; the entry itself if it names no file."""
        if name is None:
            return entry
        content = self._read[group, name]
        fields = {key: value for key, value in entry.items() if key != "use"} if isinstance(entry, Mapping) else {}
        return fields if isinstance(content, UnreadableError) else overlaid(content, fields)

    def _load(self, group: str, names: Sequence[str]) -> None:
        """Reads the files that have not been read yet."""
        unread = [name for name in dict.fromkeys(names) if (group, name) not in self._read]
        try:
            contents = self.groups.contents(group, unread)
        except UnreadableError as fault:
            if len(unread) == 1:
                self._read[group, unread[0]] = fault
            else:  # the files are read one by one, to find those that cannot be read
                for name in unread:
                    self._load(group, [name])
        else:
            self._read.update({(group, name): content for name, content in contents.items()})


def _file_used(entry: Any) -> str | None:
    """The name of the file that an entry refers to; None for a complete spec."""
    if isinstance(entry, Mapping):
        return str(entry["use"]) if "use" in entry else None
    return entry if isinstance(entry, str) else None


def _with_distinct_names(arms: list[Any]) -> list[Any]:
    """The arms with `_2`, `_3`, ... appended to the names of repeated ones (A against A)."""
    used_names: set[str] = set()
    distinct: list[Any] = []
    for arm in arms:
        name = arm.get("name") if isinstance(arm, Mapping) else None
        if isinstance(name, str):
            number, free = 1, name
            while free in used_names:
                number += 1
                free = f"{name}_{number}"
            used_names.add(free)
            arm = {**arm, "name": free}
        distinct.append(arm)
    return distinct
