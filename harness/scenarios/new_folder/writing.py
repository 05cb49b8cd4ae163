"""Writes the files of a new folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import adapters
from harness.composition.mistakes import UserMistake
from harness.system.files import FileError, given_path
from harness.system.text import printable
from harness.system.writing import whole

SUFFIX = ".template"
_FILES = Path(__file__).with_name("files")


def write_folder(named: str) -> list[Path]:
    """Writes the files below the folder that a user named, which must be new or empty. Returns them, sorted.

    Raises UserMistake if the folder cannot be used.
    """
    try:
        folder = given_path(named)
        is_taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except (FileError, OSError) as error:
        raise UserMistake([f"{printable(named)}: {error}"]) from None
    if is_taken:
        raise UserMistake([f"{printable(named)}: twinrun init writes into a new folder or an empty one"])
    written = []
    for name, text in sorted(_contents()):
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserMistake([f"{printable(str(path.parent))}: {error.strerror}"]) from None
        with whole(path) as partial:
            partial.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def _contents() -> Iterator[tuple[str, str]]:
    """The names of the files within the folder, and their texts."""
    for file in _FILES.rglob(f"*{SUFFIX}"):
        name = str(file.relative_to(_FILES)).removesuffix(SUFFIX)
        yield re.sub("^github/", ".github/", name), file.read_text(encoding="utf-8")
    for name, info in adapters.usable().items():
        if info.user_models is not None and info.user_models.template is not None:
            yield f"pair/models_{name}.py", info.user_models.template.read_text(encoding="utf-8")
