"""`twinrun match`."""

from __future__ import annotations

from harness.cli import experiment
from harness.cli.verb import Verb

VERB = Verb(
    "match",
    "train an experiment on every arm by one plan, check parity, tabulate accuracy and time",
    experiment.run,
    experiment.add_with_detail,
)
