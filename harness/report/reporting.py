"""`twinrun report`: reads the command line, and writes the page of one folder or of several."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import count
from pathlib import Path
from typing import cast, get_args

from harness.composition.mistakes import UserMistake, no_such
from harness.composition.preflight import unusable
from harness.records.exit_codes import AGREES
from harness.report.html.pages import document_of
from harness.report.html.rendering import Variant
from harness.report.html.several_page import Place, several_document
from harness.report.html.tables import write_tables
from harness.report.html.writing import PAGE, write_page
from harness.report.language import CODES
from harness.report.pages import kind_of, markdown_page, page_of
from harness.report.tables import console
from harness.results.claim import CLAIM
from harness.results.marker import MARKER
from harness.results.store import write_text
from harness.scenarios.verify.start import recorded_folder
from harness.scenarios.verify.whole import without_pages
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
    documents = [document_of(folder, kind_of(folder)) for _, folder in request.folders]
    if len(documents) == 1:
        document, out = documents[0], request.out or request.folders[0][1]
        if out.resolve() != request.folders[0][1].resolve():
            document = document.for_elsewhere()
        out.mkdir(parents=True, exist_ok=True)
        _write_markdown(request.folders[0][1], out, request.language)
    else:
        names = [name for name, _ in request.folders]
        document = several_document([Place(*place) for place in zip(names, documents, strict=True)])
        out = request.out or _new_folder()
        out.mkdir(parents=True, exist_ok=True)
    write_page(document, out, request.language, request.variant)
    write_tables(document, out)
    console().print(f"report: {out / PAGE}", soft_wrap=True)
    return AGREES


def _write_markdown(folder: Path, out: Path, language: str) -> None:
    """Writes the page in Markdown and its pictures, drawn in a folder of links because the records may be read-only."""
    with without_pages(folder) as bare:
        text = page_of(bare, language)
        pictures = [path for path in bare.iterdir() if path.suffix == ".png"]
        for picture in pictures:
            shutil.copyfile(picture, out / picture.name)
    write_text(out / markdown_page(language), text)


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
        except UserMistake as mistake:
            mistakes += mistake.mistakes
    if not names:
        mistakes.append("give the folder of a run, or several. For example: twinrun report results/mnist_mlp/RUN")
    out = _out(options.get("out"), [path for _, path in folders], mistakes)
    for key, allowed in CHOICES.items():
        if key in options and options[key] not in allowed:
            mistakes.append(no_such(f"there is no {key}={options[key]}", options[key], allowed))
    if mistakes:
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
            mistakes.append(no_such(f"twinrun report has no key {key!r}", key, KEYS))
        else:
            names.append(text)
    return options, names


def _out(text: str | None, folders: Sequence[Path], mistakes: list[str]) -> Path | None:
    """The folder that `out` names; None, and a mistake if it cannot be written to, where there is none to use."""
    if text is None:
        alone = folders[0] if len(folders) == 1 else DEFAULT
        mistakes += unusable("out" if len(folders) == 1 else "results", alone) if folders else []
        return None
    try:
        out = given_path(text)
    except FileError as error:
        mistakes.append(f"out={text}: {error}")
        return None
    is_recorded = any((out / mark).exists() for mark in (MARKER, CLAIM))
    if is_recorded and not any(out.resolve() == folder.resolve() for folder in folders):
        mistakes.append(f"out={text}: holds the records of something else, whose report this would replace")
    mistakes += unusable("out", out)
    return out
