"""Packs a run into one file, and unpacks one, with what the user named checked first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.results.catalogue.adding import add
from harness.results.catalogue.rows import rows_of
from harness.results.claim import is_running
from harness.results.marker import MARKER, damages, state_of
from harness.results.packing import SUFFIX, PackageError, names_in, pack, unpack
from harness.scenarios.catalogue.asking import ROOT
from harness.scenarios.catalogue.mistakes import refuse
from harness.scenarios.catalogue.naming import folder_of
from harness.system.files import FileError, given_path

OUT = "out="


@dataclass(frozen=True)
class Packed:
    """A package that was written: its path, its size and the number of its files."""

    path: Path
    size_bytes: int
    files: int


@dataclass(frozen=True)
class Unpacked:
    """A folder that was unpacked, and what is wrong with it by its own marker."""

    folder: Path
    files: int
    problems: tuple[str, ...]


def packed(arguments: Sequence[str]) -> Packed:
    """Packs the run in the arguments, which may also hold out=FILE. Raises UserMistake where they are wrong."""
    out, others = _out(arguments)
    folder = folder_of(others)
    if is_running(folder):
        refuse([f"{folder}: it is running; pack it when it has ended"])
    target = out or Path(folder.resolve().name + SUFFIX)
    if target.exists():
        refuse([f"out={target}: exists already; give another file"])
    if not target.parent.is_dir():
        refuse([f"out={target}: there is no folder {target.parent}"])
    try:
        experiment = rows_of(folder, folder.resolve().name, "")[0]["experiment"]
        files = pack(folder, target, experiment)
    except PackageError as error:
        refuse([f"{folder}: {error}"])
    return Packed(target, target.stat().st_size, files)


def unpacked(arguments: Sequence[str]) -> Unpacked:
    """Unpacks the package in the arguments, which may also hold out=DIR. Raises UserMistake where it cannot be."""
    out, others = _out(arguments)
    if len(others) != 1:
        refuse([f"give one package; given: {', '.join(others) or 'none'}. See twinrun unpack --help"])
    package = _path(others[0])
    if not package.is_file():
        refuse([f"{package}: there is no such file"])
    try:
        folder = out or ROOT.joinpath(*names_in(package))
        content = unpack(package, folder)
    except PackageError as error:
        refuse([f"{package}: {error}"])
    except FileExistsError:
        refuse([f"{folder}: exists already, and is not changed; give another folder as out=DIR"])
    problems = damages(folder) if state_of(folder) == "complete" else [(MARKER, "is missing: the run is unfinished")]
    add(folder)
    return Unpacked(folder, len(content["files"]), tuple(f"{place} {problem}" for place, problem in problems))


def _out(arguments: Sequence[str]) -> tuple[Path | None, list[str]]:
    outs = [text.removeprefix(OUT) for text in arguments if text.startswith(OUT)]
    if len(outs) > 1:
        refuse([f"out is given {len(outs)} times: {', '.join(outs)}"])
    return _path(outs[0]) if outs else None, [text for text in arguments if not text.startswith(OUT)]


def _path(text: str) -> Path:
    try:
        return given_path(text)
    except FileError as error:
        refuse([f"{text}: {error}"])
