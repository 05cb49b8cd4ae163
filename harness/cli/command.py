"""The command `twinrun`. Imports what a verb needs when it needs it, so that help and mistakes come at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from harness.cli.arguments import parser
from harness.cli.verb import known
from harness.cli.verbs import verbs
from harness.records.exit_codes import INTERRUPTED, MISTAKE
from harness.system.output import guarded_output
from harness.system.stopping import heeding_signals, stopped


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb; the process' exit code. Nothing that goes wrong leaves it as an exception."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    with heeding_signals(ends_process=arguments is None):
        try:
            with guarded_output():
                return _dispatch(given)
        except KeyboardInterrupt:
            return INTERRUPTED
        except Exception as error:
            # A library may have made another exception of the interruption: pydantic does, while it builds a validator.
            return INTERRUPTED if stopped() else _ended_by(error)


def _dispatch(given: list[str]) -> int:
    there = verbs()
    top = parser(there)
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(top)
    if given and not given[0].startswith("-"):
        known("verb", given[0], there)
    chosen, rest = top.parse_known_args(given)
    if chosen.verb is None:
        top.print_help()
        return MISTAKE
    unknown = [option for option in rest if option.startswith("-") or not hasattr(chosen, "overrides")]
    if unknown:
        from harness.composition import UserMistake

        raise UserMistake([f"twinrun {chosen.verb} knows no option {option}; see --help" for option in unknown])
    if hasattr(chosen, "overrides"):
        chosen.overrides += rest
    return there[chosen.verb].run(chosen)


def _ended_by(error: Exception) -> int:
    from harness.composition import UserMistake
    from harness.scenarios.ending import exit_code_of

    if isinstance(error, UserMistake):
        print(f"twinrun: {error}", file=sys.stderr)
        return MISTAKE
    return exit_code_of(error)
