"""`twinrun record`."""

from __future__ import annotations

import argparse

from harness.cli.experiment import add_trust, announce
from harness.cli.verb import CODES, Verb, add_recorded

EXAMPLES = """\
examples:
  twinrun export experiment=mnist_mlp to=hosts out=mnist_mlp.twinrun     # anywhere
  twinrun record arm=mindspore from=mnist_mlp.twinrun arm.device=ascend  # on the Ascend host
  twinrun record arm=tensorflow from=mnist_mlp.twinrun arm.device=gpu    # on the GPU host
  twinrun compare RUN_ON_ASCEND RUN_ON_GPU                               # anywhere

The host needs the framework of this arm only. What is recorded is judged by twinrun compare.
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    add_recorded(
        sub,
        "arm=NAME, of the exported file; from=FILE, the exported file; questions=FILE, of twinrun compare, records "
        "only the answers to these; out=DIR; arm.device=, arm.device_id=, arm.threads=, ... of this host",
    )
    add_trust(sub)
    sub.epilog = f"{EXAMPLES}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Records the arm. Returns the exit code."""
    from harness.report.detail import SCREEN
    from harness.report.presented import InDetail
    from harness.scenarios.hosts.record import record

    return record(options.overrides, options.trust, InDetail(SCREEN), announce)


VERB = Verb("record", "record one arm of an exported experiment on this host, for compare", run, add_arguments)
