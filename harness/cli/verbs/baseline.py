"""`twinrun baseline`."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.verb import CODES, Verb, require_known

STORE = Path("results") / "baselines"
ACTIONS = {"save": 1, "list": 0, "show": 1, "move": 2}
EXAMPLES = """\
actions:
  save RUN          saves the folder of a bench, a run or a study as the first baseline of its experiment and machine
  list              lists all baselines
  show NAME         what a baseline is of, and the time of each of its processes
  move RUN RUN      makes the later of two invocations the baseline, if they are hours apart and neither is slower than
                    the other; the earlier baselines stay, and every gate also measures the drift since the oldest
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    sub.add_argument("action", metavar="ACTION", help=", ".join(ACTIONS))
    sub.add_argument("names", nargs="*", metavar="RUN", help="folders of runs, or the name of a baseline")
    sub.add_argument("--store", type=Path, default=STORE, metavar="DIR", help=f"the baselines; by default {STORE}")
    sub.epilog = f"{EXAMPLES}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Saves, lists, shows or moves baselines. Returns the exit code."""
    from harness.composition import UserMistake
    from harness.report import baselines as report
    from harness.results.baselines import Baselines
    from harness.scenarios.gate import store as scenario

    require_known("action", options.action, ACTIONS)
    wanted = ACTIONS[options.action]
    if len(options.names) != wanted:
        raise UserMistake([f"baseline {options.action} takes {wanted} folders or names; given: {len(options.names)}"])
    store = Baselines(options.store)
    folders = [Path(name).expanduser() for name in options.names]
    if options.action == "save":
        return report.saved(store, scenario.save(store, folders[0]))
    if options.action == "move":
        return report.saved(store, scenario.move(store, folders[0], folders[1]))
    if options.action == "show":
        scenario.named(store, options.names[0])
        return report.show(store, options.names[0])
    return report.list_all(store)


VERB = Verb("baseline", "save, list, show or move what a gate holds runs against", run, add_arguments)
