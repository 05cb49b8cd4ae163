"""`twinrun report`: reads the command line, and writes the page of one folder or of several."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import count
from pathlib import Path
from typing import cast, get_args

from harness.records.exit_codes import AGREES
from harness.report.html.document import Document
from harness.report.html.pages import document_of, document_of_record
from harness.report.html.rendering import Variant
from harness.report.html.several_page import Place, several_document
from harness.report.html.tables import write_tables
from harness.report.html.writing import PAGE, write_page
from harness.report.language import CODES
from harness.report.pages import markdown_page, page_of_record
from harness.report.records import record_of
from harness.report.tables import console
from harness.results.claim import CLAIM
from harness.results.marker import MARKER
from harness.results.recorded_folder import recorded_folder, without_pages
from harness.results.store import write_text
from harness.system.files import FileError, given_path

DEFAULT = Path("results") / "report"
CHOICES: Mapping[str, tuple[str, ...]] = {"lang": CODES, "csp": get_args(Variant)}
KEYS = ("out", *CHOICES)


@dataclass(frozen=True)
class Request:
    """What was asked for. `folders`: each as it was typed, and its path. `out`: None for the usual place."""

    folders: tuple[tuple[str, Path], ...]
    out: Path | None
    language: str
    variant: Variant


def start(arguments: Sequence[str]) -> int:
    """Writes the report that the arguments ask for, and prints where it is. Raises UserMistake where they are wrong."""
    request = request_of(arguments)
    if len(request.folders) == 1:
        ((_, folder),) = request.folders
        out = request.out or folder
        out.mkdir(parents=True, exist_ok=True)
        document = _document_beside_markdown(folder, out, request.language)
        if out.resolve() != folder.resolve():
            document = document.for_elsewhere()
    else:
        document = several_document([Place(name, document_of(folder)) for name, folder in request.folders])
        out = request.out or _new_folder()
        out.mkdir(parents=True, exist_ok=True)
    write_page(document, out, request.language, request.variant)
    write_tables(document, out)
    console().print(f"report: {out / PAGE}", soft_wrap=True)
    return AGREES


def _document_beside_markdown(folder: Path, out: Path, language: str) -> Document:
    """Writes the page in Markdown and its pictures; returns the page in general, of the same reading of the records.

    Pictures are drawn in a folder of links, because the records may be read-only.
    """
    with without_pages(folder) as bare:
        record = record_of(bare)
        text, document = page_of_record(record, language), document_of_record(record)
        for picture in (path for path in bare.iterdir() if path.suffix == ".png"):
            shutil.copyfile(picture, out / picture.name)
    write_text(out / markdown_page(language), text)
    return document


def _new_folder() -> Path:
    """A new folder with the time as its name."""
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    for number in count(1):
        folder = DEFAULT / (now if number == 1 else f"{now}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        break
    return folder


def request_of(arguments: Sequence[str]) -> Request:
    """What the arguments ask for; UserMistake, with all mistakes at once, where they are wrong."""
    mistakes: list[str] = []
    options, names = _sorted(arguments, mistakes)
    folders: list[tuple[str, Path]] = []
    for name in dict.fromkeys(names):
        try:
            folders.append((name, recorded_folder(name)))
        except FileError as error:
            mistakes.append(str(error))
    if not names:
        mistakes.append("give the folder of a run, or several. For example: twinrun report results/mnist_mlp/RUN")
    out = _out(options.get("out"), [path for _, path in folders], mistakes)
    for key, allowed in CHOICES.items():
        if key in options and options[key] not in allowed:
            mistakes.append(_no_such(f"there is no {key}={options[key]}", options[key], allowed))
    if mistakes:
        from harness.composition.mistakes import UserMistake

        raise UserMistake(list(dict.fromkeys(mistakes)))
    variant = cast(Variant, options.get("csp", "inline"))
    return Request(tuple(folders), out, options.get("lang", "en"), variant)


def _sorted(arguments: Sequence[str], mistakes: list[str]) -> tuple[dict[str, str], list[str]]:
    """The options by key, and the names of folders. A folder's name may hold an equals sign too."""
    options: dict[str, str] = {}
    names = []
    for text in arguments:
        key, equals, value = text.partition("=")
        if equals and key in KEYS:
            if key in options:
                mistakes.append(f"{key} is given more than once: {options[key]}, {value}")
            options[key] = value
        elif equals and key.isidentifier() and not Path(text).exists():
            mistakes.append(_no_such(f"twinrun report has no key {key!r}", key, KEYS))
        else:
            names.append(text)
    return options, names


def _no_such(complaint: str, value: str, allowed: Sequence[str]) -> str:
    from harness.composition.mistakes import no_such

    return no_such(complaint, value, allowed)


def _unusable(key: str, folder: Path) -> list[str]:
    """The reason why nothing can be written to a folder; empty if it can. Looked for closely where it seems not to."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return []
    from harness.composition.preflight import unusable

    return unusable(key, folder)


def _out(text: str | None, folders: Sequence[Path], mistakes: list[str]) -> Path | None:
    """The folder that `out` names; None, and a mistake if it cannot be written to, where there is none to use."""
    if text is None:
        alone = folders[0] if len(folders) == 1 else DEFAULT
        mistakes += _unusable("out" if len(folders) == 1 else "results", alone) if folders else []
        return None
    try:
        out = given_path(text)
    except FileError as error:
        mistakes.append(f"out={text}: {error}")
        return None
    is_recorded = any((out / mark).exists() for mark in (MARKER, CLAIM))
    if is_recorded and not any(out.resolve() == folder.resolve() for folder in folders):
        mistakes.append(f"out={text}: holds the records of something else, whose report this would replace")
    mistakes += _unusable("out", out)
    return out
