"""Reads the user's YAML files, whose size is checked before any object is built from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.composition.limits import DEPTH, NODES, YAML_FILE
from harness.system.files import FileError, read_text


def read_yaml(path: Path) -> Any:
    """The content of a YAML file in plain containers. Raises FileError if it cannot be read or exceeds the limits."""
    import yaml

    text = checked_yaml(path, NODES)
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    # A scalar that does not fit its tag (`!!int x`, the 99th of a month) raises an exception of its Python type.
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise FileError(f"not a YAML file ({in_a_line(error)})") from None


def checked_yaml(path: Path, most: int) -> str:
    """The text of a YAML file. Raises FileError if it is no YAML or has more than `most` values, aliases replaced."""
    import yaml

    text = read_text(path, YAML_FILE, "a YAML file")
    try:
        _check(yaml, text, most)
    except yaml.YAMLError as error:
        raise FileError(f"not a YAML file ({in_a_line(error)})") from None
    return text


def in_a_line(error: BaseException) -> str:
    """The message of the error on one line, at most 500 characters."""
    return " ".join(str(error).split())[:500]


def _check(yaml: Any, text: str, most: int) -> None:
    """Counts nodes by parser events, before any object is built; an alias counts as all nodes that it stands for."""
    nodes = 0
    opened: list[tuple[str | None, int]] = []  # anchor, and the nodes before it
    sizes: dict[str, int] = {}
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, nodes))
            nodes += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor is not None:
                sizes[anchor] = nodes - before
        elif isinstance(event, yaml.ScalarEvent):
            nodes += 1
            if event.anchor is not None:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.AliasEvent):
            if any(event.anchor == anchor for anchor, _ in opened):
                raise FileError(f"the alias *{event.anchor} stands within what it refers to")
            nodes += sizes.get(event.anchor, 1)
        if len(opened) > DEPTH:
            raise FileError(f"nested more than {DEPTH} levels deep")
        if nodes > 2 * most:  # keys are counted too
            raise FileError(f"more than {most:,} values, the most that it may have, once aliases are replaced")
