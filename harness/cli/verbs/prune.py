"""`twinrun prune`."""

from __future__ import annotations

import argparse

from harness.cli.catalogue import EXPLAINED, add_choice
from harness.cli.verb import CODES, Verb

EXAMPLES = """\
conditions, all of which must hold, besides those below:
  older_than   created longer ago than 12h, 30d, 2w
  keep         not among the newest N complete runs of its experiment

Never removed: baselines and the runs that they were copied from, runs that a comparison, a gate or a bench that stays
refers to, and runs that are running. Without --yes, prune only says what it would remove.

examples:
  twinrun prune older_than=30d keep=10
  twinrun prune status=unfinished,damaged older_than=1d --yes
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    add_choice(sub, meaning="which runs; see below")
    sub.add_argument("--yes", action="store_true", help="removes them")
    sub.epilog = f"{EXAMPLES}\n{EXPLAINED}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Shows, and with --yes removes, the runs. Returns the exit code."""
    from harness.report.pruning import show_candidates, show_removed
    from harness.scenarios.catalogue.asking import age, asked, whole_number
    from harness.scenarios.catalogue.prune import candidates, empty_trash, remove

    request = asked(options.overrides, {"older_than": age, "keep": whole_number}, (0, 0))
    found = candidates(request)
    show_candidates(found, options.yes)
    if options.yes and request.root.local is not None:
        empty_trash(request.root.local)
        going = [candidate for candidate in found if not candidate.kept_for]
        for candidate in going:
            remove(candidate, request.root.local)
        show_removed(going)
    return 0


VERB = Verb("prune", "say which old runs can be removed, and with --yes remove them", run, add_arguments)
