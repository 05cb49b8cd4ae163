"""`twinrun gate`."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli import experiment
from harness.cli.verb import CODES, Verb, add_detail, add_recorded

EXAMPLES = """\
examples:
  twinrun gate results/mnist_mlp/RUN
  twinrun gate RUN --baseline results/mnist_mlp/OTHER out=DIR
  twinrun gate RUN --baseline 20261129T120000Z-1a2b3c4d --store ci/baselines
  twinrun gate --self-test RUN
  twinrun gate --self-test --seconds 300 out=noise.json
  twinrun gate --self-test --spread 2% --spread 3%
  twinrun gate --base-python ../base/.venv
  twinrun gate --base-python ../base experiment=cnn variant=plain processes=8 budget_s=900 out=DIR

Judged are parity (a new divergence fails), accuracy (against the margin of the experiment) and speed (each row over the
control of its round, and that over its own base). The folder of the gate has report.md, junit.xml and benchmark.json
(github-action-benchmark); where GITHUB_STEP_SUMMARY is set, the page is added to that file.

With --base-python head and base are timed now, in turns, each row of this twinrun beside the same row of the other one.
Nothing that the machine does between two invocations is taken for a change. The overrides are those of twinrun bench:
processes=5 are the rounds of the first look, budget_s=240 ends it in any case, check=climb climbs the ladder for both
(or the FOLDER of a check of the head, auto, or none, with which no time counts), modes=all. The folder also has the
bench, in bench/.
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    add_recorded(
        sub,
        "the folder of a bench, a run or a study; out=DIR for the gate's own, by default results/gate/<time>; "
        "with --base-python what is timed: GROUP=OPTION or KEY=VALUE, as of twinrun bench",
    )
    sub.add_argument(
        "--baseline",
        metavar="BASE",
        help="a folder, or the name of a baseline; by default the latest baseline of the same experiment and machine",
    )
    sub.add_argument(
        "--base-python",
        metavar="PYTHON",
        help="time head and base now, in turns: the interpreter of the base, which has a twinrun of its own, or the "
        "folder of its environment, or of a checkout with an environment, whose source then runs",
    )
    experiment.add_sources(sub)
    add_store(sub)
    sub.add_argument(
        "--self-test",
        action="store_true",
        help="judge nothing: plant slowdowns in the noise of a bench, or of a recording, and count right and wrong "
        "answers; without RUN the control is timed now; out=FILE keeps the times of the control",
    )
    sub.add_argument("--seconds", type=float, metavar="S", help="of the recording of --self-test; by default 60")
    sub.add_argument(
        "--spread",
        action="append",
        default=[],
        metavar="SHARE",
        help="with --self-test: simulate a machine with this spread of process medians, such as 2%%; can be repeated",
    )
    add_detail(sub)
    sub.epilog = f"{EXAMPLES}\n{CODES}"


def add_store(sub: argparse.ArgumentParser) -> None:
    """Adds the option for the folder of the baselines."""
    store = _store()
    sub.add_argument("--store", type=Path, default=store, metavar="DIR", help=f"the baselines; by default {store}")


def _store() -> Path:
    from harness.cli.verbs.baseline import STORE

    return STORE


def run(options: argparse.Namespace) -> int:
    """Judges the folder against its base, or tests the gate itself. Returns the exit code."""
    _refuse_mixed(options)
    if options.self_test:
        return _self_test(options)
    if options.base_python is not None:
        return _in_turns(options)
    from harness.report.presented import InDetail
    from harness.scenarios.gate.start import start

    return start(options.overrides, options.baseline, options.store, InDetail(options.detail))


def _refuse_mixed(options: argparse.Namespace) -> None:
    """Raises UserMistake where options are given that do not go together."""
    asked = {"--self-test": options.self_test, "--baseline": options.baseline, "--base-python": options.base_python}
    ways = [name for name, value in asked.items() if value is not None and value is not False]
    mistakes = [f"give either {' or '.join(ways)}"] if len(ways) > 1 else []
    if options.seconds is not None and not options.self_test:
        mistakes.append("--seconds is of --self-test")
    if options.spread and not options.self_test:
        mistakes.append("--spread is of --self-test")
    if options.base_python is not None and options.store != _store():
        mistakes.append("--store is of recorded runs: with --base-python the base is timed now")
    if options.base_python is None and (options.config_dir or options.trust):
        mistakes.append("--config-dir and --trust are of --base-python: a recorded run is not composed again")
    if options.self_test and options.detail != "screen":
        mistakes.append("--details, --quiet and --json are of a gate: --self-test judges nothing")
    if mistakes:
        from harness.composition import UserMistake

        raise UserMistake(mistakes)


def _in_turns(options: argparse.Namespace) -> int:
    with experiment.preparing(options):
        from harness.composition.timed import prepare_in_turns

        prepared = prepare_in_turns(options.overrides, options.base_python, options.config_dir, options.trust)
    question, point, base = prepared
    experiment.announce(point.study.code)
    from harness.report.presented import InDetail
    from harness.scenarios.gate.in_turns import start_in_turns

    return start_in_turns(point, question, base, InDetail(options.detail))


def _self_test(options: argparse.Namespace) -> int:
    from harness.report import self_test
    from harness.scenarios.gate.self_test import start, start_simulated

    if options.spread:
        return start_simulated(
            options.spread, [*options.overrides, *["--seconds"] * (options.seconds is not None)], self_test
        )
    return start(options.overrides, 60.0 if options.seconds is None else options.seconds, self_test)


VERB = Verb("gate", "decide whether a run is as right and as fast as its base", run, add_arguments)
