"""`twinrun gate`."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.verb import CODES, Verb

EXAMPLES = """\
examples:
  twinrun gate results/mnist_mlp/RUN
  twinrun gate RUN --baseline results/mnist_mlp/OTHER out=DIR
  twinrun gate RUN --baseline 20261129T120000Z-1a2b3c4d --store ci/baselines

Judged are parity (a new divergence fails), accuracy (against the margin of the experiment) and speed (each row over the
control of its round, and that over its own base). The folder of the gate has report.md, junit.xml and benchmark.json
(github-action-benchmark); where GITHUB_STEP_SUMMARY is set, the page is added to that file.
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    run = sub.add_argument(
        "overrides",
        nargs="*",
        default=[],
        metavar="RUN",
        help="the folder of a bench, a run or a study; out=DIR for the gate's own, by default results/gate/<time>",
    )
    run.completer = _folders  # type: ignore[attr-defined]
    sub.add_argument(
        "--baseline",
        metavar="BASE",
        help="a folder, or the name of a baseline; by default the latest baseline of the same experiment and machine",
    )
    add_store(sub)
    sub.epilog = f"{EXAMPLES}\n{CODES}"


def add_store(sub: argparse.ArgumentParser) -> None:
    """Adds the option for the folder of the baselines."""
    from harness.cli.verbs.baseline import STORE

    sub.add_argument("--store", type=Path, default=STORE, metavar="DIR", help=f"the baselines; by default {STORE}")


def run(options: argparse.Namespace) -> int:
    """Judges the folder against its base. Returns the exit code."""
    from harness.report import gate
    from harness.scenarios.gate.start import start

    return start(options.overrides, options.baseline, options.store, gate)


def _folders(prefix: str, **_: object) -> list[str]:
    from argcomplete.completers import DirectoriesCompleter

    return list(DirectoriesCompleter()(prefix))


VERB = Verb("gate", "decide whether a recorded run is as right and as fast as its base", run, add_arguments)
