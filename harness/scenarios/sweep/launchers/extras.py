"""The packages of launchers and searches, which come with extras."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from harness.composition.mistakes import UserMistake
from harness.records.failure import in_one_line


def package(name: str, extra: str, what: str) -> ModuleType:
    """The package. Raises UserMistake, with the command that installs it for `what`, where it cannot be imported."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        reason = "is not installed"
    except Exception as error:  # one that is installed and broken may raise anything
        reason = f"cannot be imported ({in_one_line(error)})"
    raise UserMistake([f"{what} needs the package {name}, which {reason}: pip install 'twinrun[{extra}]'"])
