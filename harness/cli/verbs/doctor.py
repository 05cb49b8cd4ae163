"""`twinrun doctor`."""

from __future__ import annotations

import argparse

from harness.cli.verb import Verb


def run(_: argparse.Namespace) -> int:
    """Prints what the machine can use. Returns the exit code."""
    from harness.report.doctor import examine

    return examine()


VERB = Verb("doctor", "say which frameworks, versions, devices and interpreters this machine can really use", run)
