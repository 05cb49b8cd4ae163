"""What launchers and searches need: packages that come with extras, a cluster that answers."""

from __future__ import annotations

import socket
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


def answering(address: str, timeout_s: float) -> None:
    """Raises UserMistake where nothing answers at HOST:PORT in time."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        raise UserMistake([f"hydra.launcher.address: given {address!r}; allowed: HOST:PORT, auto, or null"])
    try:
        socket.create_connection((host, int(port)), timeout=timeout_s).close()
    except OSError as error:
        reason = f"does not answer within {timeout_s:g} s" if isinstance(error, TimeoutError) else "does not answer"
        raise UserMistake([f"hydra.launcher.address={address}: {reason} ({error}); is the cluster up?"]) from None
