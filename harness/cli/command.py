"""The command `twinrun`. It imports what a verb needs only when the verb runs, so that help is printed at once."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence

from harness.cli.arguments import parser
from harness.cli.verb import require_known
from harness.cli.verbs import verbs
from harness.records.exit_codes import INTERRUPTED, MISTAKE
from harness.system.output import guarded_output
from harness.system.stopping import heeding_signals, stopped

ALLOCATIONS = 100_000  # between two collections of the youngest objects


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb and returns the exit code of the process. Exceptions are reported and become exit codes."""
    typed = _with_values_joined(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        # Imports and schemas make objects that stay: looking through them every 700 allocations takes a tenth of the
        # time of a short command.
        gc.set_threshold(ALLOCATIONS)
    return reported(lambda: _dispatch(typed), ends_process=arguments is None)


def reported(run: Callable[[], int], ends_process: bool) -> int:
    """The exit code of what `run` does. Exceptions are reported in a line, and become exit codes.

    `ends_process`: the process ends after it.
    """
    with heeding_signals(ends_process=ends_process):
        try:
            with guarded_output():
                return run()
        except KeyboardInterrupt:
            return INTERRUPTED
        except Exception as error:
            # A library may turn the interruption into another exception, as pydantic does while it builds a validator.
            return INTERRUPTED if stopped() else _report(error)


def _with_values_joined(arguments: Sequence[str]) -> list[str]:
    """The arguments with `--sort -COLUMN` as one, because argparse takes a value that begins with `-` for an option."""
    joined: list[str] = []
    for text in arguments:
        if joined and joined[-1] == "--sort" and text.startswith("-") and not text.startswith("--"):
            joined[-1] = f"--sort={text}"
        else:
            joined.append(text)
    return joined


def _dispatch(typed: list[str]) -> int:
    """Parses what was typed and runs its verb; UserMistake where there is no such verb or option."""
    available = verbs()
    command_parser = parser(available)
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(command_parser)
    if typed and not typed[0].startswith("-"):
        require_known("verb", typed[0], available)
    options, remaining = command_parser.parse_known_args(typed)
    if options.verb is None:
        command_parser.print_help()
        return MISTAKE
    unknown = [text for text in remaining if text.startswith("-") or not hasattr(options, "overrides")]
    if unknown:
        from harness.composition import UserMistake

        raise UserMistake([f"twinrun {options.verb} knows no option {text}; see --help" for text in unknown])
    if hasattr(options, "overrides"):
        options.overrides += remaining
    return available[options.verb].run(options)


def _report(error: Exception) -> int:
    """Prints why a verb failed and returns the exit code."""
    from harness.composition import UserMistake
    from harness.scenarios.ending import exit_code_of

    if isinstance(error, UserMistake):
        print(f"twinrun: {error}", file=sys.stderr)
        return MISTAKE
    return exit_code_of(error)
