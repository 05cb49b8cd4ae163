"""Claims a folder for one process: only the first of several can write `claim.json`, which identifies it."""

from __future__ import annotations

import getpass
import json
import os
import platform
import secrets
import socket
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from harness import __version__
from harness.system.processor import machine_facts
from harness.system.writing import PARTIAL, CannotWriteError

CLAIM = "claim.json"


class ClaimedError(Exception):
    """Another process has claimed the folder; the message says which."""


def claim(folder: Path, verb: str) -> None:
    """Creates the folder if it is missing, and `claim.json` in it, which only one process can create.

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
    """Claims `folder`, or its name with `-2`, `-3`, ... where that is claimed already; returns the claimed folder."""
    number, free = 1, folder
    while True:
        try:
            claim(free, verb)
            return free
        except ClaimedError:
            number += 1
            free = folder.with_name(f"{folder.name}-{number}")


def claimed_by(folder: Path) -> str:
    """The process that claimed a folder, as text for a message; empty where none did."""
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
    """The verb of a folder's claim; empty where there is no claim that can be read."""
    try:
        return str(json.loads((folder / CLAIM).read_text(encoding="utf-8"))["verb"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def is_running(folder: Path) -> bool:
    """Whether the process that claimed a folder runs on this host now. Of another host, nothing can be said: False."""
    try:
        record = json.loads((folder / CLAIM).read_text(encoding="utf-8"))
        return record["host"] == socket.gethostname() and Path(f"/proc/{int(record['process'])}").exists()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _create(source: Path, path: Path, record: str) -> None:
    """Creates `path` as a link to the complete file `source`, so that it is never seen half-written.

    Raises FileExistsError where `path` exists.
    """
    try:
        os.link(source, path)
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
        "python": platform.python_version(),
        "machine": machine_facts(),
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
