"""`twinrun compare`."""

from __future__ import annotations

import argparse
from typing import Any

from harness.cli.verb import CODES, Verb, folders

EXAMPLES = """\
examples:
  twinrun compare results/mnist_mlp/RUN_A results/mnist_mlp/RUN_B
  twinrun compare RUN_A RUN_B out=DIR
  twinrun compare RUN_ON_ASCEND RUN_ON_GPU --arms mindspore:tensorflow

Compared are runs of one experiment: the same data, model, optimizer, training and seed. Their arms may differ.
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    runs = sub.add_argument(
        "overrides",
        nargs="*",
        default=[],
        metavar="RUN",
        help="the folders of two runs, or of two studies; out=DIR for the report, by default results/compare/<time>",
    )
    runs.completer = _folders  # type: ignore[attr-defined]
    sub.add_argument(
        "--arms",
        action="append",
        default=[],
        metavar="A:B",
        help="compare this arm of RUN_A with that arm of RUN_B; again for more. Else arms of one name are compared, "
        "then those of one adapter, mode and precision",
    )
    sub.epilog = f"{EXAMPLES}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Compares the two folders. Returns the exit code."""
    from harness.report import comparison
    from harness.scenarios.compare import start

    return start(options.overrides, options.arms, comparison)


def _folders(prefix: str, **_: Any) -> list[str]:
    if prefix.startswith("out="):
        return [f"out={folder}" for folder in folders(prefix.removeprefix("out="))]
    return [*folders(prefix), *(["out="] if "out=".startswith(prefix) else [])]


VERB = Verb(
    "compare",
    "compare two recorded runs, or two studies: their numbers, what changed, how long they took",
    run,
    add_arguments,
)
