"""Hydra's flags on `match`, `check` and `bench`: `-m`, `--config-name`, `--cfg`, `--package`, `--resolve`, `--info`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.composition.preflight import Known

ROOT = "config"  # the name of the root config that ships
INFO = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")


def add_flags(sub: argparse.ArgumentParser) -> None:
    """Adds the flags."""
    sub.add_argument(
        "-m",
        "--multirun",
        action="store_true",
        help="make a job of every combination of swept values: KEY=A,B, range(), glob(), choice(); docs/sweeps.md",
    )
    sub.add_argument("--fail-fast", action="store_true", help="of -m: begin no further job once one has failed")
    sub.add_argument("--config-name", "-cn", default=ROOT, metavar="NAME", help="the root config, in --config-dir")
    sub.add_argument(
        "--cfg", "-c", choices=("job", "hydra", "all"), help="print the composed config and do nothing else"
    )
    sub.add_argument("--package", "-p", metavar="KEY", help="of --cfg: only what is below this key")
    sub.add_argument("--resolve", action="store_true", help="of --cfg: with interpolations of hydra replaced")
    sub.add_argument(
        "--info", "-i", nargs="?", const="all", choices=INFO, help="print what Hydra composes, and from where"
    )


def known_of(options: argparse.Namespace) -> Known:
    """The config groups of the command line. Raises UserMistake where a folder or the root config is not there."""
    from harness.composition.groups import ConfigGroups
    from harness.composition.preflight import Known

    return Known(ConfigGroups.beside(options.config_dir, options.config_name))


def multirun(options: argparse.Namespace, announce: Callable[[Any], None]) -> int:
    """Runs a sweep. Returns the exit code."""
    from harness.report.detail import SCREEN
    from harness.report.presented import InDetail
    from harness.scenarios.sweep.start import start_multirun

    return start_multirun(request_of(options), InDetail(getattr(options, "detail", SCREEN)), announce)


def request_of(options: argparse.Namespace, verb: str | None = None) -> Any:
    """The command line as a request for a sweep."""
    from harness.scenarios.sweep.request import Request

    return Request(
        verb or options.verb,
        tuple(options.overrides),
        tuple(options.config_dir),
        options.config_name,
        options.trust,
        options.fail_fast,
    )


def refuse_without_multirun(options: argparse.Namespace) -> None:
    """Raises UserMistake for a flag that has no meaning here."""
    from harness.composition import UserMistake

    mistakes = []
    if options.fail_fast and not options.multirun:
        mistakes.append("--fail-fast: one run has no further job; give -m too")
    if options.package is not None and options.cfg is None:
        mistakes.append("--package KEY: this is of --cfg; give --cfg job too")
    if options.resolve and options.cfg is None:
        mistakes.append("--resolve: this is of --cfg; give --cfg hydra too")
    if mistakes:
        raise UserMistake(mistakes)


def as_of_hydra(
    options: argparse.Namespace, further: Callable[[], object] = lambda: None
) -> AbstractContextManager[None]:
    """Takes what is of Hydra out of the overrides of one run; the context in which the run is made.

    Raises UserMistake for what is of a multirun, or is not taken, with the mistakes that `further` raises then.
    """
    from harness.composition import UserMistake
    from harness.composition.sweep.hydra_options import split

    of_hydra, options.overrides = split(options.overrides)
    if not of_hydra and options.config_name == ROOT:
        return nullcontext()
    from harness.composition.sweep.hydra_options import hydra_node
    from harness.scenarios.sweep.one_run import hydra_run

    groups = known_of(options).groups
    try:
        node = hydra_node(of_hydra, options.overrides, groups, options.trust, is_multirun=False)
    except UserMistake as mistake:
        try:
            further()
        except UserMistake as others:
            raise UserMistake([*mistake.mistakes, *others.mistakes]) from None
        raise
    return hydra_run(node)
