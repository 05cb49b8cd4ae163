"""Reads the ledger's files, and selects the entries for a word."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

import adapters
from harness.ledger.entry import Entry, LedgerError, in_words
from harness.spec.base import Word


def folders() -> dict[str, Path]:
    """The folder of the ledger's files of each adapter that has one, by adapter."""
    return {name: info.ledger for name, info in adapters.usable().items() if info.ledger is not None}


# As safe as SafeLoader, and ten times as fast where it is built.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@lru_cache
def ledger() -> tuple[Entry, ...]:
    """All entries, sorted by framework, family, word and id."""
    entries = [read(file, name) for name, folder in folders().items() for file in folder.glob("*.yaml")]
    return tuple(sorted(entries, key=lambda entry: (entry.framework, entry.family, entry.word, entry.id)))


def read(file: Path, framework: str) -> Entry:
    """The entry in a file of an adapter; its id is the file's name. LedgerError where the file holds no valid entry."""
    try:
        plain: Any = yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER)
    except yaml.YAMLError as error:
        raise LedgerError(f"{file}: is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(plain, dict):
        raise LedgerError(f"{file}: must hold the fields of one entry")
    try:
        entry = Entry.model_validate({**plain, "id": file.stem})
    except ValidationError as error:
        raise LedgerError(f"{file}: {in_words(error)}") from None
    if entry.framework != framework:
        raise LedgerError(f"{file}: framework: it lies in the ledger of {framework}, and speaks of {entry.framework}")
    return entry


def entries_for(
    framework: str, versions: Mapping[str, str], family: str, word: str, precision: str | None = None
) -> tuple[Entry, ...]:
    """The entries for a word in these versions of a framework's packages; without `precision`, for any precision."""
    return tuple(
        entry
        for entry in ledger()
        if (entry.framework, entry.family, entry.word) == (framework, family, word)
        and (precision is None or entry.precision in ("any", precision))
        and entry.concerns(versions)
    )


def inaccuracies_of(
    framework: str, versions: Mapping[str, str], word: Word, precision: str, mode: str, device: str
) -> tuple[Entry, ...]:
    """The `inaccurate` entries for a word that hold where an arm computes so."""
    entries = entries_for(framework, versions, word.family, word.word(), precision)
    return tuple(each for each in entries if each.kind == "inaccurate" and each.holds_in(precision, mode, device))


def installed(framework: str) -> dict[str, str]:
    """The versions of a framework's packages that are installed for this interpreter, by package."""
    versions = {package: _version(package) for package in adapters.info(framework).packages}
    return {package: found for package, found in versions.items() if found is not None}


@lru_cache
def _version(package: str) -> str | None:
    """The installed version; None if there is none. Reading it takes 10 ms, and every check of a word asks for it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
