"""What `--cfg` and `--info` print: the composed config, Hydra's own, and from where they come."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from harness.cli.hydra_flags import known_of


def print_config(options: argparse.Namespace) -> int:
    """Prints the config of the job, of Hydra, or both; of these what is below `--package`."""
    import yaml
    from omegaconf import OmegaConf

    from harness.system.text import printable

    composed, notes = _composed(options)
    if options.package is not None:
        composed = _below(composed, options.package)
    text = OmegaConf.to_yaml(OmegaConf.create(composed)) if isinstance(composed, dict) else yaml.safe_dump(composed)
    above = tuple(options.package.split(".")) if options.package is not None else ()
    text = _with_notes(text, {path[len(above) :]: note for path, note in notes.items() if path[: len(above)] == above})
    # Text that a terminal would obey is written with YAML's escapes, so that it can still be read as YAML.
    is_safe = printable(text, lines=True) == text
    print(text if is_safe else yaml.safe_dump(composed, allow_unicode=False, sort_keys=False), end="")
    return 0


def _with_notes(text: str, notes: Mapping[tuple[str, ...], str]) -> str:
    """The YAML with each note as a comment on the line of its key."""
    import yaml

    lines = text.splitlines()
    pending: list[tuple[tuple[str, ...], Any]] = [((), yaml.compose(text))] if notes else []
    while pending:
        path, node = pending.pop()
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if (below := (*path, key.value)) in notes:
                    lines[key.start_mark.line] += f"  # {notes[below]}"
                pending.append((below, value))
        elif isinstance(node, yaml.SequenceNode):
            pending += [((*path, str(number)), item) for number, item in enumerate(node.value)]
    return "".join(f"{line}\n" for line in lines)


def _composed(options: argparse.Namespace) -> tuple[Any, dict[tuple[str, ...], str]]:
    """The config in plain containers, and by path the notes on its values."""
    from harness.composition.base import literal
    from harness.composition.pipeline import validated_config
    from harness.composition.sweep.grid import swept
    from harness.composition.sweep.hydra_options import hydra_node, split

    groups = known_of(options).groups
    of_hydra, of_experiment = split(options.overrides)
    config: dict[str, Any] = {}
    notes: dict[tuple[str, ...], str] = {}
    if options.cfg in ("hydra", "all"):
        node = hydra_node(of_hydra, of_experiment, groups, options.trust, options.multirun)
        tree = dict(node.tree)
        if options.resolve:
            tree |= {key: value for key, value in node.resolved({}).items() if "." not in key}
        config["hydra"] = tree
    if options.cfg in ("job", "all"):
        if options.multirun:  # the first job
            grid = swept(of_experiment, groups.all_options(), options.verb)
            of_experiment = list(grid.combinations()[0].overrides)
        validated = validated_config(of_experiment, groups)
        config |= literal(validated.explicit)
        notes = dict(validated.notes)
    return config, notes


def _below(tree: Any, key: str) -> Any:
    """What is below a dotted key. Raises UserMistake where there is no such key."""
    from harness.composition import UserMistake
    from harness.composition.mistakes import no_such

    for part in key.split("."):
        if isinstance(tree, list) and part.isdecimal() and int(part) < len(tree):
            tree = tree[int(part)]
        elif isinstance(tree, dict) and part in tree:
            tree = tree[part]
        else:
            names = list(tree) if isinstance(tree, dict) else []
            raise UserMistake([no_such(f"--package {key}: there is no {part}", part, map(str, names))])
    return tree


def print_info(options: argparse.Namespace) -> int:
    """Prints what Hydra composes and from where: its plugins, its search path, the defaults list, the config."""
    from harness.composition.sweep.hydra_options import split

    groups = known_of(options).groups
    _, of_experiment = split(options.overrides)
    choices = [text for text in of_experiment if text.partition("=")[2] in groups.options(text.partition("=")[0])]
    print(groups.info(options.info, choices), end="")
    return 0
