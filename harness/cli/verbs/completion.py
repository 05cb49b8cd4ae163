"""`twinrun completion`."""

from __future__ import annotations

import argparse

from harness.cli.verb import Verb


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    sub.add_argument("shell", choices=("bash", "zsh", "fish"), nargs="?", default="bash")
    sub.epilog = 'for example:  eval "$(twinrun completion bash)"'


def run(options: argparse.Namespace) -> int:
    """Prints the completion code of a shell. Returns 0."""
    import argcomplete.shell_integration

    print(argcomplete.shell_integration.shellcode(["twinrun"], shell=options.shell))
    return 0


VERB = Verb("completion", "print the shell code that completes verbs, groups and keys", run, add_arguments)
