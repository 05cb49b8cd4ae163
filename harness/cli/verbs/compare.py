"""`twinrun compare`."""

from __future__ import annotations

import argparse

from harness.cli.verb import CODES, Verb, add_detail, add_recorded, folders_or

EXAMPLES = """\
examples:
  twinrun compare results/mnist_mlp/RUN_A results/mnist_mlp/RUN_B
  twinrun compare RUN_A RUN_B out=DIR
  twinrun compare RUN_ON_ASCEND RUN_ON_GPU --arms mindspore:tensorflow

  twinrun compare RECORDING_ON_ASCEND RECORDING_ON_GPU from=FILE.twinrun

Recordings (twinrun record) of one exported file are joined to one run, whose whole ladder is judged; from=FILE, the
exported file, where the data is not on this host, and answers=DIR, recorded answers to further questions.
Compared are runs of one experiment: the same data, model, optimizer, training and seed. Their arms may differ.
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    add_recorded(
        sub,
        "the folders of two runs, or of two studies; out=DIR for the report, by default results/compare/<time>",
        folders_or("out=", "from=", "answers="),
    )
    sub.add_argument(
        "--arms",
        action="append",
        default=[],
        metavar="A:B",
        help="compare this arm of RUN_A with that arm of RUN_B; again for more. Else arms of one name are compared, "
        "then those of one adapter, mode and precision",
    )
    add_detail(sub)
    sub.epilog = f"{EXAMPLES}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Compares the two folders. Returns the exit code."""
    from harness.report.presented import InDetail
    from harness.scenarios.hosts.join import join, names_recordings

    presenter = InDetail(options.detail)
    if names_recordings(options.overrides) and not options.arms:
        from harness.report.hosts import show_commands

        joined = join(options.overrides, presenter)
        show_commands(joined.commands, options.detail)
        return joined.exit_code
    from harness.scenarios.compare import start

    return start(options.overrides, options.arms, presenter)


VERB = Verb(
    "compare",
    "compare two recorded runs, or two studies: their numbers, what changed, how long they took",
    run,
    add_arguments,
)
