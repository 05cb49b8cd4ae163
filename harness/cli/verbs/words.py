"""`twinrun words`."""

from __future__ import annotations

import argparse
from typing import Any

from harness.cli.verb import Verb, require_known


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    family = sub.add_argument("family", nargs="?", metavar="FAMILY", help="only this family: activation, loss, ...")
    family.completer = _families  # type: ignore[attr-defined]
    sub.add_argument("--device", choices=("cpu", "gpu", "ascend"), default="cpu", help="as declared for this device")
    sub.add_argument("--mode", action="append", default=[], metavar="MODE", help="jit, pynative; graph, eager, xla")
    sub.add_argument("--realisation", choices=("native", "exact"), default="native", help="the arms' policy")
    sub.add_argument("--by", action="store_true", help="show also by what, and why")
    sub.add_argument(
        "--defaults", action="store_true", help="show what each field of a layer gets that a model's file leaves out"
    )
    sub.add_argument(
        "--markdown",
        action="store_true",
        help="print the whole of docs/semantics.md; with --defaults, the table as Markdown",
    )


def run(options: argparse.Namespace) -> int:
    """Prints the table of words or the page on them. Returns 0."""
    import adapters
    from harness.report import vocabulary_table
    from harness.spec.vocabulary import BASES

    if options.family is not None:
        require_known("family", options.family, BASES)
    modes = [mode for name in adapters.frameworks() for mode in adapters.modes(name)]
    for mode in options.mode:
        require_known("mode", mode, modes)
    if options.defaults:
        from harness.report import defaults_table

        defaults_table.show(options.family, options.markdown)
        return 0
    view = vocabulary_table.View(options.device, options.realisation, tuple(options.mode))
    if not options.markdown:
        return vocabulary_table.show(options.family, view, options.by)
    from harness.report.semantics import page

    print(page([options.family] if options.family else list(BASES), view), end="")
    return 0


def _families(**_: Any) -> list[str]:
    from harness.spec.vocabulary import BASES

    return list(BASES)


VERB = Verb("words", "say how each framework makes every word of the vocabulary", run, add_arguments)
