"""`twinrun check`."""

from __future__ import annotations

from harness.cli import experiment
from harness.cli.verb import Verb

VERB = Verb("check", "climb the parity ladder without the long training", experiment.run, experiment.add_with_detail)
