"""`twinrun init`."""

from __future__ import annotations

import argparse

from harness.cli.verb import Verb, folders

NEXT = """\
next, in {folder}:
  twinrun show-model --config-dir conf model=mine
  twinrun check --config-dir conf experiment=mine
  twinrun check pair=pair/mine.yaml
  python -m pytest tests
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    folder = sub.add_argument("folder", metavar="DIR", help="a new folder, or an empty one")
    folder.completer = folders  # type: ignore[attr-defined]


def run(options: argparse.Namespace) -> int:
    """Writes the folder and prints its files. Returns 0."""
    from harness.scenarios.new_folder.writing import write_folder
    from harness.system.text import printable

    for path in write_folder(options.folder):
        print(printable(str(path)))
    print(NEXT.format(folder=printable(options.folder)), end="")
    return 0


VERB = Verb("init", "write a folder of one's own: model, experiment, pair, test, CI step", run, add_arguments)
