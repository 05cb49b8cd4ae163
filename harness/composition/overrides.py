"""Reads and applies overrides as they are typed: `schedule=cosine`, `training.epochs=3`, `~data.root`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.composition.fields import dotted
from harness.composition.hints import OF_A_NUMBER
from harness.composition.limits import CHARACTERS, DEPTH, OVERRIDE, OVERRIDES, misfits
from harness.composition.mistakes import no_such, shown
from harness.system.files import text_fault
from harness.system.text import printable

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

# The values of these keys are paths, which are used as typed, so that no character needs quotes.
_PATHS = ("from", "out", "results_root")
# These keys change the meaning of their neighbours, so a mapping with one of them replaces the old mapping.
_DECISIVE = {"kind", "use", "block", "repeat"}
# Under these keys a bare name stands for a file of the group ...
LISTS_OF_FILES = {"arms": "arm", "suite": "schedule"}
# ... and under these for a spec of that kind with default fields.
_WITH_KINDS = ("data", "model", "loss", "optimizer", "schedule")
_LONGEST_SHOWN = 200
_BARE = re.compile(r"(?!(?:null|true|false|nan|inf)$)[a-z_]\w*", re.IGNORECASE | re.ASCII)


class MisfitError(Exception):
    """An override that cannot be read, or does not fit the config that it is applied to."""


@dataclass(frozen=True)
class Change:
    """One value to set or, with `delete`, one key to drop."""

    path: tuple[str, ...]
    value: Any = None
    delete: bool = False


@dataclass
class Overrides:
    """The overrides of a command line by their kind.

    `source`: the path of `from=FILE`. `choices`: (group, option). `mistakes`: a message for each unreadable override.
    """

    source: str | None = None
    choices: list[tuple[str, str]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)


def read(typed: Sequence[str], groups: Mapping[str, Sequence[str]]) -> Overrides:
    """Reads each override separately, so that all mistakes are reported. `groups`: the options of each group."""
    overrides = Overrides()
    length = sum(map(len, typed))
    if len(typed) > OVERRIDES or length > CHARACTERS:
        allowed = f"allowed: {OVERRIDES} of {CHARACTERS:,} characters in all"
        overrides.mistakes.append(f"{len(typed):,} overrides of {length:,} characters; {allowed}")
        return overrides
    for text in typed:
        try:
            refuse_unreadable(text)
            _read_one(text, groups, overrides)
        except MisfitError as misfit:
            overrides.mistakes.append(f"{_cut(text)}: {misfit}")
    return overrides


def as_typed(value: object) -> str:
    """A value of plain containers as it is typed behind `KEY=`, so that `read` gives it back."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {as_typed(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(as_typed, value)) + "]"
    if not isinstance(value, str):
        return str(value)
    if _BARE.fullmatch(value):
        return value
    # A backslash is doubled before a quote and at the end only.
    return "'" + re.sub(r"(\\*)('|$)", lambda m: m[1] * 2 + ("\\'" if m[2] else ""), value) + "'"


def _cut(text: str) -> str:
    shown = printable(text[:_LONGEST_SHOWN])
    return f"{shown}..." if len(text) > _LONGEST_SHOWN else shown or repr(text)


def refuse_unreadable(text: str) -> None:
    """Raises MisfitError for text that would crash Hydra's parser or keep it busy for minutes."""
    fault = text_fault(text)
    if fault:
        raise MisfitError(fault)
    if len(text) > OVERRIDE:
        raise MisfitError(f"it has {len(text):,} characters; allowed: {OVERRIDE:,} (a config file holds more)")
    depth = deepest = 0
    for character in text:
        depth += (character in "[{(") - (character in ")}]")
        deepest = max(deepest, depth)
    if deepest > DEPTH or text.partition("=")[0].count(".") >= DEPTH:
        raise MisfitError(f"nested more than {DEPTH} levels deep")


def _read_one(text: str, groups: Mapping[str, Sequence[str]], overrides: Overrides) -> None:
    key, equals, value = text.partition("=")
    if equals and key in _PATHS:
        unquoted = _unquoted(value)
        if key != "from":
            overrides.changes.append(Change((key,), None if unquoted in ("", "null") else unquoted))
        elif unquoted:
            overrides.source = unquoted
        else:
            raise MisfitError("from takes the path of an experiment.json")
        return
    override, content = _parsed(text)
    key = override.key_or_group
    if override.is_sweep_override():
        instead = f"a list is written {key}=[a,b], and text with a comma {key}='a,b'; with -m each value is a job"
        raise MisfitError(f"one value at a time; {instead}")
    if override.package is not None or "/" in key:
        raise MisfitError(f"packages (@) and nested groups (/) are not used here; groups: {', '.join(sorted(groups))}")
    path = _path_of(key)
    mistakes = misfits(content, path)
    if mistakes:
        raise MisfitError("; ".join(mistake.text for mistake in mistakes))
    if override.is_delete():
        overrides.changes.append(Change(path, delete=True))
    elif key == "arm" and not isinstance(content, dict):
        raise MisfitError("arms are chosen by arms=[NAME,...]; arm.FIELD=VALUE sets a field in each of them")
    elif key in groups and isinstance(content, str):
        overrides.choices.append((key, content))
    elif key in groups and key not in LISTS_OF_FILES and not isinstance(content, dict):
        hint_of = OF_A_NUMBER.get(key)
        hint = f"; {hint_of(str(content))}" if hint_of and isinstance(content, float | int) else ""
        raise MisfitError(f"{key} takes a mapping of fields or one of: {', '.join(groups[key])}{hint}")
    else:
        overrides.changes.append(Change(path, content))


def _parsed(text: str) -> tuple[Override, Any]:
    """An override as Hydra parses it, and its value in plain containers."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        override = OverridesParser.create().parse_overrides([text])[0]
        return override, override.value()
    except HydraException as error:
        raise MisfitError(_why_unreadable(text, str(error))) from None
    except ValueError as error:  # a whole number of more digits than Python converts
        raise MisfitError(f"cannot be read ({error})") from None


def _path_of(key: str) -> tuple[str, ...]:
    """The parts of a dotted key. Raises MisfitError if one is empty."""
    if not key:
        raise MisfitError("there is no key before the =; write KEY=VALUE")
    path = tuple(key.split("."))
    if "" in path:
        raise MisfitError("a key is empty between its dots; write a.b.c=VALUE")
    return path


def _why_unreadable(text: str, reason: str) -> str:
    """The message for an override that Hydra cannot parse. `reason`: Hydra's own message."""
    if "=" not in text:
        return "write KEY=VALUE (or ~KEY to drop a key)"
    lines = [line for line in reason.splitlines() if line and not line.startswith(("See http", "Error parsing"))]
    detail = f" ({lines[0]})" if lines and not lines[0].startswith("LexerNoViableAlt") else ""
    return (
        f"cannot be read{detail}; write KEY=VALUE, with lists as [a,b], mappings as {{k: v}}, and other text in quotes"
    )


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def merged(old: Any, new: Any) -> Any:
    """The value `new` over `old`: mappings are merged key by key, unless `new` has a `kind` or `use`."""
    if isinstance(old, dict) and isinstance(new, dict) and not _DECISIVE & new.keys():
        return overlaid(old, new)
    return new


def overlaid(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `new` over those of `old`."""
    return {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}


def applied(node: Any, change: Change, depth: int = 0) -> Any:
    """A copy of `node`, the part of the config `depth` keys down the change's path, with the change made.

    Raises MisfitError if the path does not exist.
    """
    above, key, is_last = change.path[:depth], change.path[depth], depth + 1 == len(change.path)
    node = _opened(node, above)
    items: dict[Any, Any] = dict(enumerate(node)) if isinstance(node, list) else dict(node)
    at: int | str = key
    if isinstance(node, list):
        if not (key.isdecimal() and int(key) < len(node)):
            allowed = f"allowed: 0 to {len(node) - 1}" if node else "the list is empty"
            raise MisfitError(f"there is no item {key} in {dotted(above)}; {allowed}")
        at = int(key)
    if change.delete and at not in items:
        prefix = "".join(f"{name}." for name in above)
        raise MisfitError(no_such(f"there is no {prefix}{key} to drop", key, map(str, items), prefix))
    if not is_last:
        items[at] = applied(items.get(at, {}), change, depth + 1)
    elif at in _DECISIVE and not change.delete and items.get(at) != change.value:
        items = {at: change.value}
    elif not change.delete:
        items[at] = merged(items.get(at), change.value)
    else:
        del items[at]
    return list(items.values()) if isinstance(node, list) else items


def _opened(node: Any, path: tuple[str, ...]) -> Any:
    """The node as a list or a mapping. Raises MisfitError for a value that has no fields."""
    if isinstance(node, dict | list):
        return node
    if isinstance(node, str) and len(path) == 2 and path[0] in LISTS_OF_FILES:
        return {"use": node}
    if isinstance(node, str) and path[0] in _WITH_KINDS:
        return {"kind": node}
    if node is None:
        return {}
    raise MisfitError(f"{dotted(path)} is {shown(node)}, which has no fields")
