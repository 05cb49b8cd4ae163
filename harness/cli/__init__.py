"""The command `twinrun`: its verbs and their arguments. What a verb needs is imported when it is run."""

from harness.cli.command import main

__all__ = ["main"]
