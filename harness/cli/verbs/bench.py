"""`twinrun bench`."""

from __future__ import annotations

import argparse

from harness.cli import experiment
from harness.cli.hydra_flags import as_of_hydra, known_of, multirun, refuse_without_multirun
from harness.cli.verb import CODES, Verb

OPTIONS = """\
of the measuring, beside the overrides of the experiment:
  precision=2%        ends when the interval of every ratio reaches at most this far to either side
  budget_s=240        ends when no further round fits into so many seconds; the ladder is not counted
  processes=5         the fewest processes of each row before `precision` can end it
  target_accuracy=90% also times the training to this test accuracy
  modes=all           every mode of each arm's framework, and the loops that its users type, as rows of their own
  sweep=KEY=[A,B]     a bench for each value of a key, with an equal share of the budget each, and how the time grows;
                      also batch_size, threads, and width: of all layers with units or filters, but the last
  check=auto          where the parity comes from: a recorded check of the same experiment, else the ladder is climbed;
                      or the FOLDER of a check or match, climb, or none, with which no time counts
"""
EXAMPLES = """\
examples:
  twinrun bench
  twinrun bench experiment=cnn variant=plain precision=1% budget_s=600
  twinrun bench modes=all budget_s=900
  twinrun bench arms=[tensorflow,tensorflow_xla] arm.threads=1
  twinrun bench sweep=batch_size=[50,100,200,400] budget_s=900
  twinrun bench pair=examples/pair/small_cnn_repaired.yaml

pair=FILE times two models of your own, as native code trains them, in the same rounds. It takes precision, budget_s,
processes and check, and the overrides of twinrun check pair=FILE.
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb: those of an experiment, and those of the measuring."""
    experiment.add_with_detail(sub, "every table")
    sub.epilog = f"{OPTIONS}\n{experiment.groups_in_words()}\n\n{EXAMPLES}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Times the arms of the experiment that the options describe. Returns the exit code."""
    refuse_without_multirun(options)
    if options.cfg is not None or options.info is not None:
        from harness.composition.measurement import asked

        options.overrides = list(asked(options.overrides).overrides)
        return experiment.show(options)
    if options.multirun:
        return multirun(options, experiment.announce)
    with as_of_hydra(options):
        return _pair(options) if experiment.names_a_pair(options) else _one(options)


def _one(options: argparse.Namespace) -> int:
    with experiment.preparing(options):
        from harness.composition.timed import prepare_bench

        question, points = prepare_bench(options.overrides, options.config_dir, options.trust, known_of(options))
    experiment.announce(points[0].study.code)
    from harness.report.presented import InDetail
    from harness.scenarios.bench.start import start_bench

    return start_bench(points, question, InDetail(options.detail))


def _pair(options: argparse.Namespace) -> int:
    from harness.scenarios.bench.pair import prepare_pair_bench

    question, composed = prepare_pair_bench(options.overrides, options.config_dir, options.trust)
    experiment.announce(composed.code)
    from harness.report.presented import InDetail
    from harness.scenarios.bench.pair import start_pair_bench

    return start_pair_bench(composed, question, InDetail(options.detail))


VERB = Verb(
    "bench",
    "time matched arms in repeated processes, where the parity ladder says that they compute the same",
    run,
    add_arguments,
)
