"""The config before values are set: the files of the chosen options, or an earlier run's experiment.json."""

from __future__ import annotations

import json
import re
from typing import Any

from harness.composition.groups import ConfigGroups, UnreadableError
from harness.composition.limits import JSON_FILE, misfits
from harness.composition.mistakes import SETTINGS, nearest, no_such
from harness.composition.overrides import Overrides
from harness.spec import Experiment
from harness.system.files import FileError, given_path, read_text

Tree = dict[str, Any]


def base_of(groups: ConfigGroups, overrides: Overrides) -> Tree:
    """The config as a tree. Mistakes in the choices are added to `overrides.mistakes`, not raised."""
    chosen = _existing_choices(groups, overrides)
    of_spec = {group: option for group, option in chosen.items() if group in Experiment.model_fields}
    of_root = {group: option for group, option in chosen.items() if group not in of_spec}
    try:
        tree = groups.root(of_root.items())
    except UnreadableError as error:
        overrides.mistakes.append(f"{', '.join(f'{group}={name}' for group, name in of_root.items())}: {error}")
        tree = groups.root()
    if overrides.source is not None:
        conflict = "from=FILE is an experiment already; give one of them"
        overrides.mistakes += [f"{group}={name}: {conflict}" for group, name in of_root.items()]
        try:
            tree = {**{key: tree[key] for key in SETTINGS}, **_from_file(overrides.source)}
        except FileError as error:
            overrides.mistakes.append(f"from={overrides.source}: {error}")
    # A choice replaces the whole group, because the fields of one kind are unknown to another.
    for group, option in of_spec.items():
        try:
            tree |= groups.chosen(group, option)
        except UnreadableError as error:
            overrides.mistakes.append(f"{group}={option}: {error}")
    return tree


def _existing_choices(groups: ConfigGroups, overrides: Overrides) -> dict[str, str]:
    """The options to use, by group. The nearest one replaces an unknown option, so that values below it are checked."""
    chosen: dict[str, str] = {}
    for group, option in overrides.choices:
        options = groups.options(group)
        stand_in: str | None = option
        if option not in options:
            stand_in = nearest(option, options)
            message = no_such(f"{group}={option}: there is no such {group}", option, options, prefix=f"{group}=")
            overrides.mistakes.append(message)
        if stand_in is None:
            overrides.changes = [change for change in overrides.changes if change.path[0] != group]
        else:
            chosen[group] = stand_in
    return chosen


def _from_file(source: str) -> Tree:
    """The content of an experiment.json. Raises FileError if it cannot be read or holds no experiment."""
    text = read_text(given_path(source), JSON_FILE, "an experiment.json")
    try:
        content = json.loads(text)
    except RecursionError:
        raise FileError("not an experiment: it is nested too deeply") from None
    except ValueError as error:  # not JSON, or a whole number of more digits than Python converts
        raise FileError(f"not a JSON file ({error})") from None
    if not isinstance(content, dict):
        raise FileError("not an experiment: it holds no mapping")
    mistakes = misfits(content)
    if mistakes:
        raise FileError("; ".join(mistake.text for mistake in mistakes))
    return {key: literal(value) for key, value in content.items()}


def literal(value: Any) -> Any:
    """The value with `${` escaped: a recorded experiment is resolved already and must not be resolved again."""
    if isinstance(value, dict):
        return {key: literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [literal(item) for item in value]
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", value) if isinstance(value, str) else value
