"""The command `twinrun`: its verbs and their arguments. A verb's imports happen when it runs."""

from harness.cli.command import main

__all__ = ["main"]
