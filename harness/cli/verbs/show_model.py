"""`twinrun show-model`."""

from __future__ import annotations

import argparse

from harness.cli.experiment import add_completed_overrides, add_sources
from harness.cli.verb import CODES, Verb

EXAMPLES = """\
examples:
  twinrun show-model model=lenet5
  twinrun show-model --config-dir DIR model=mine model.parameters.width=32
  twinrun show-model experiment=cnn variant=dropout
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    add_completed_overrides(sub, "model=NAME, or overrides as for twinrun match")
    add_sources(sub)
    sub.epilog = f"{EXAMPLES}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Prints the layers of the model. Returns 0."""
    from harness.composition.model_alone import model_of
    from harness.report.model_table import show

    show(model_of(options.overrides, options.config_dir))
    return 0


VERB = Verb("show-model", "print the layers of a model: shapes, parameters, multiply-adds", run, add_arguments)
