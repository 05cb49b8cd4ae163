"""`twinrun gate`."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.verb import CODES, Verb, folders

EXAMPLES = """\
examples:
  twinrun gate results/mnist_mlp/RUN
  twinrun gate RUN --baseline results/mnist_mlp/OTHER out=DIR
  twinrun gate RUN --baseline 20261129T120000Z-1a2b3c4d --store ci/baselines
  twinrun gate --self-test RUN
  twinrun gate --self-test --seconds 300 out=noise.json

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
    run.completer = folders  # type: ignore[attr-defined]
    sub.add_argument(
        "--baseline",
        metavar="BASE",
        help="a folder, or the name of a baseline; by default the latest baseline of the same experiment and machine",
    )
    add_store(sub)
    sub.add_argument(
        "--self-test",
        action="store_true",
        help="judge nothing: plant slowdowns in the noise of a bench, or of a recording, and count right and wrong "
        "answers; without RUN the control is timed now; out=FILE keeps the times of the control",
    )
    sub.add_argument("--seconds", type=float, metavar="S", help="of the recording of --self-test; by default 60")
    sub.epilog = f"{EXAMPLES}\n{CODES}"


def add_store(sub: argparse.ArgumentParser) -> None:
    """Adds the option for the folder of the baselines."""
    from harness.cli.verbs.baseline import STORE

    sub.add_argument("--store", type=Path, default=STORE, metavar="DIR", help=f"the baselines; by default {STORE}")


def run(options: argparse.Namespace) -> int:
    """Judges the folder against its base, or tests the gate itself. Returns the exit code."""
    if options.self_test:
        return _self_test(options)
    if options.seconds is not None:
        from harness.composition import UserMistake

        raise UserMistake(["--seconds is of --self-test"])
    from harness.report import gate
    from harness.scenarios.gate.start import start

    return start(options.overrides, options.baseline, options.store, gate)


def _self_test(options: argparse.Namespace) -> int:
    if options.baseline is not None:
        from harness.composition import UserMistake

        raise UserMistake(["give either --self-test or --baseline"])
    from harness.report import self_test
    from harness.scenarios.gate.self_test import start

    return start(options.overrides, 60.0 if options.seconds is None else options.seconds, self_test)


VERB = Verb("gate", "decide whether a recorded run is as right and as fast as its base", run, add_arguments)
