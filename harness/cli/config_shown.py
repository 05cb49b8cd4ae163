"""What `--cfg` and `--info` print: the composed config, Hydra's own, and from where they come."""

from __future__ import annotations

import argparse
from typing import Any

from harness.cli.hydra_flags import known_of


def print_config(options: argparse.Namespace) -> int:
    """Prints the config of the job, of Hydra, or both; of these what is below `--package`."""
    import yaml
    from omegaconf import OmegaConf

    from harness.system.text import printable

    composed = _composed(options)
    if options.package is not None:
        composed = _below(composed, options.package)
    text = OmegaConf.to_yaml(OmegaConf.create(composed)) if isinstance(composed, dict) else yaml.safe_dump(composed)
    # Text that a terminal would obey is written with YAML's escapes, so that it can still be read as YAML.
    is_safe = printable(text, lines=True) == text
    print(text if is_safe else yaml.safe_dump(composed, allow_unicode=False, sort_keys=False), end="")
    return 0


def _composed(options: argparse.Namespace) -> Any:
    from harness.composition import compose_dict
    from harness.composition.base import literal
    from harness.composition.sweep.grid import swept
    from harness.composition.sweep.hydra_options import hydra_node, split

    groups = known_of(options).groups
    of_hydra, of_experiment = split(options.overrides)
    config: dict[str, Any] = {}
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
        config |= literal(compose_dict(of_experiment, options.config_dir, groups))
    return config


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
