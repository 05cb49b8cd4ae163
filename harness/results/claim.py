"""Claiming a folder: of all processes that want to write into it one is let in, and leaves its name there."""

from __future__ import annotations

import getpass
import json
import os
import secrets
import socket
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from harness import __version__
from harness.system.writing import PARTIAL, CannotWriteError

CLAIM = "claim.json"


class ClaimedError(Exception):
    """Another process was there first; the message says which."""


def claim(folder: Path, verb: str) -> None:
    """Creates the folder, where it is missing, and `claim.json` in it, which only one process can create.

    Raises ClaimedError where the folder has been claimed, CannotWriteError where it cannot be written to.
    """
    record = json.dumps({**_identity(), "verb": verb}, indent=2) + "\n"
    beside = folder / f"{CLAIM}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside.write_text(record, encoding="utf-8")
        _create(beside, folder / CLAIM, record)
    except FileExistsError:
        raise ClaimedError(f"{folder}: {claimed_by(folder)}") from None
    except OSError as error:
        raise CannotWriteError(folder / CLAIM, error) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def claim_new(folder: Path, verb: str) -> Path:
    """Claims `folder` or, where it is taken, the same name with `-2`, `-3`, ... behind; the one that was claimed."""
    number, free = 1, folder
    while True:
        try:
            claim(free, verb)
            return free
        except ClaimedError:
            number += 1
            free = folder.with_name(f"{folder.name}-{number}")


def claimed_by(folder: Path) -> str:
    """Who claimed a folder, in words; empty where nobody did."""
    path = folder / CLAIM
    if not path.is_file():
        return "is a file" if folder.is_file() else ""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        text = f"claimed by twinrun {record['verb']}, process {record['process']} on {record['host']}"
        return f"{text}, started {record['started']}{_whether_running(record)}"
    except (OSError, ValueError, KeyError, TypeError):
        return "claimed by a twinrun that is just starting, or was cut off"


def claimed_for(folder: Path) -> str:
    """The verb that a folder was claimed for; empty where it was not claimed, or the claim cannot be read."""
    try:
        return str(json.loads((folder / CLAIM).read_text(encoding="utf-8"))["verb"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _create(written: Path, path: Path, record: str) -> None:
    """Makes `path`, which must not exist: a link to a file that is written already, so that it appears whole."""
    try:
        os.link(written, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        with path.open("x", encoding="utf-8") as file:
            file.write(record)


def _identity() -> dict[str, Any]:
    return {
        "twinrun": __version__,
        "host": socket.gethostname(),
        "user": _user(),
        "process": os.getpid(),
        "started": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in containers
        return str(os.getuid())


def _whether_running(record: dict[str, Any]) -> str:
    if record["host"] != socket.gethostname():
        return ""
    return ", still running" if Path(f"/proc/{record['process']}").exists() else ", no longer running"
